import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@navarch/system/log'
import { CommandTimeoutError, runCommand } from '@navarch/system/run-command'
import { describe, expect, it } from 'vitest'
import { volumeUse, watchVolumes } from './watched-volumes.ts'

describe('the use of a volume', () => {
  const use = volumeUse(runCommand)

  it('is what df says', async () => {
    const said = Number(execFileSync('df', ['--output=pcent', '/'], { encoding: 'utf8' }).match(/(\d+)%/)?.[1])
    // df rounds up.
    expect(Math.abs(Math.ceil((await use('/')) ?? Number.NaN) - said)).toBeLessThanOrEqual(1)
  })

  it('is not known of what has no blocks', async () => {
    expect(await use('/proc')).toBeUndefined()
  })

  it('is not known of what is not there, and the error names it', async () => {
    await expect(use('/no such volume')).rejects.toThrow('/no such volume')
  })

  it('is asked by a process of its own, whatever the path looks like', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'navarch-volume-'))
    try {
      writeFileSync(join(dir, '--help $(x)'), '')
      expect(await use(join(dir, '--help $(x)'))).toBeGreaterThan(0)
      const calls: (readonly string[])[] = []
      await volumeUse(async (program, args) => {
        calls.push([program, ...args])
        return { code: 0, signal: null, stdout: '100 40 20\n', stderr: '' }
      })('--version')
      expect(calls).toEqual([['stat', '--file-system', '--format=%b %f %a', '--', '--version']])
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it.each([
    ['100 40 20\n', 75],
    ['0 0 0\n', undefined],
    ['100 0 0\n', 100],
  ])('of %j is %s', async (stdout, percent) => {
    expect(await volumeUse(async () => ({ code: 0, signal: null, stdout, stderr: '' }))('/x')).toBe(percent)
  })
})

describe('volumes', () => {
  const minute = 60_000

  it('are known each by itself: what is not there takes nothing from the others', async () => {
    const warned: string[] = []
    const watch = watchVolumes({
      paths: ['/gone', '/ok', '/ok'],
      useOf: async (path) => {
        if (path === '/gone') throw new Error('no such file')
        return 42
      },
      now: () => 0,
      log: { ...silentLog, warn: (_, fields) => warned.push(String(fields?.['path'])) },
    })
    for (let round = 0; round < 2; round++) {
      expect((await watch()).values.map(({ key, value }) => [key, value])).toEqual([
        ['/gone', undefined],
        ['/ok', 42],
      ])
    }
    expect(warned).toEqual(['/gone'])
  })

  it('that do not answer are asked ever more rarely, at least once an hour', async () => {
    let now = 0
    const asked: number[] = []
    let dead = true
    const watch = watchVolumes({
      paths: ['/dead'],
      useOf: async () => {
        asked.push(now / minute)
        if (dead) throw new CommandTimeoutError('stat did not finish within 5000 ms')
        return 7
      },
      now: () => now,
      log: silentLog,
    })
    for (; now < 300 * minute; now += minute / 4) await watch()
    expect(asked).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243])
    dead = false
    now = 303 * minute
    expect((await watch()).values).toMatchObject([{ value: 7 }])
    expect((await watch()).values).toMatchObject([{ value: 7 }])
  })

  it('are not asked again while the process that asked last is stuck', async () => {
    let now = 0
    let asked = 0
    const stuck = Promise.withResolvers<void>()
    const watch = watchVolumes({
      paths: ['/dead'],
      useOf: async () => {
        asked += 1
        throw new CommandTimeoutError('stat did not finish within 5000 ms', stuck.promise)
      },
      now: () => now,
      log: silentLog,
    })
    for (; now < 300 * minute; now += minute) expect((await watch()).values).toMatchObject([{ value: undefined }])
    expect(asked).toBe(1)
    stuck.resolve()
    await stuck.promise
    await watch()
    expect(asked).toBe(2)
  })
})
