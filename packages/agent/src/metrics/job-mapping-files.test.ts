import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createJobMappingFiles } from './job-mapping-files.ts'

let parent: string
let folder: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'navarch-mapping-'))
  folder = join(parent, 'gpu-jobs')
})
afterEach(() => rmSync(parent, { recursive: true }))

const content = () =>
  Object.fromEntries(
    readdirSync(folder)
      .toSorted()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  )

describe('files of the jobs of GPUs', () => {
  it('hold one job a line, for anybody to read', async () => {
    const files = createJobMappingFiles(folder, silentLog)
    files.write(
      new Map([
        ['0', ['7', '8']],
        ['2.9', ['7']],
      ]),
    )
    await expect.poll(content).toEqual({ '0': '7\n8\n', '2.9': '7\n' })
    expect(statSync(join(folder, '0')).mode & 0o777).toBe(0o644)
    files.write(new Map([['0', ['8']]]))
    await expect.poll(content).toEqual({ '0': '8\n' })
    await files.close()
  })

  it('lose what an agent that was killed left, and nothing else', async () => {
    mkdirSync(folder)
    for (const name of ['0', '7', '3.1', '.5.new', 'README', '07a']) writeFileSync(join(folder, name), 'old\n')
    const files = createJobMappingFiles(folder, silentLog)
    files.write(new Map([['7', ['9']]]))
    await expect.poll(content).toEqual({ '.5.new': 'old\n', '07a': 'old\n', '7': '9\n', README: 'old\n' })
    await files.close()
  })

  it('go with the agent, and none comes after', async () => {
    const files = createJobMappingFiles(folder, silentLog)
    files.write(new Map([['0', ['7']]]))
    await expect.poll(() => existsSync(join(folder, '0'))).toBe(true)
    files.write(new Map([['1', ['7']]]))
    await files.close()
    files.write(new Map([['0', ['7']]]))
    await files.close()
    expect(content()).toEqual({})
  })

  it('are written again when the folder could not be written to', async () => {
    const lines: string[] = []
    writeFileSync(folder, 'a file in its place')
    const files = createJobMappingFiles(
      folder,
      createLog((line) => lines.push(line), { now: () => 0 }),
    )
    files.write(new Map([['0', ['7']]]))
    await expect.poll(() => lines.length).toBe(1)
    expect(lines[0]).toContain(folder)
    rmSync(folder)
    files.write(new Map([['0', ['7']]]))
    await expect.poll(() => (statSync(folder, { throwIfNoEntry: false }) ? content() : {})).toEqual({ '0': '7\n' })
    await files.close()
  })
})
