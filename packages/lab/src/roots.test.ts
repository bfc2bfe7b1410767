import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import type { RunCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLabContext } from './context.ts'
import { LabUnavailableError } from './errors.ts'
import { ensureRoot } from './roots.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'roots-'))
})
afterEach(() => rm(dir, { recursive: true }))

const contextWith = (run: RunCommand) => createLabContext({ run, clock: systemClock, stateDir: dir })
const nothingRuns = contextWith((program) => Promise.reject(new Error(`${program} was run`)))

test('a cached root is taken as it is, and one of an older recipe is not', async () => {
  await mkdir(join(dir, 'trixie'))
  const about = { suite: 'trixie', slurmVersion: '24.11.5', recipe: 2 }
  await writeFile(join(dir, 'trixie/root.json'), JSON.stringify(about))
  const path = join(dir, 'trixie/root')
  const options = { suite: 'trixie', cacheDir: dir, aptDir: dir } as const
  expect(await ensureRoot(nothingRuns, options)).toEqual({
    suite: 'trixie',
    kind: 'host',
    path,
    slurmVersion: '24.11.5',
  })

  await writeFile(join(dir, 'trixie/root.json'), JSON.stringify({ ...about, recipe: 1 }))
  await expect(ensureRoot(nothingRuns, options)).rejects.toThrow(LabUnavailableError)
})

test('a machine without a Debian mirror cannot build one', async () => {
  const built = ensureRoot(nothingRuns, { suite: 'bookworm', cacheDir: dir, aptDir: dir })
  await expect(built).rejects.toThrow(new LabUnavailableError(`${dir} names no Debian mirror to build bookworm from`))
})

test('a suite that the mirror lacks is unavailable, with what debootstrap said, and is not cached', async () => {
  await writeFile(join(dir, 'sources.list'), 'deb http://mirror.example/debian bookworm main\n')
  const calls: string[][] = []
  const context = contextWith(async (program, args) => {
    calls.push([program, ...args])
    return { code: 1, signal: null, stdout: '', stderr: 'E: Failed getting release file' }
  })
  const built = ensureRoot(context, { suite: 'forky', cacheDir: dir, aptDir: dir })
  await expect(built).rejects.toThrow('debootstrap cannot build forky: E: Failed getting release file')
  expect(calls.map((call) => call.slice(3))).toEqual([
    ['forky', join(dir, '.forky.build/root'), 'http://mirror.example/debian', '/usr/share/debootstrap/scripts/sid'],
  ])
  expect(await readdir(dir)).not.toContain('forky')
})
