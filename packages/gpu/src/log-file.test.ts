import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryPosition, type KernelLogLine, type KernelLogPosition } from './kernel-log.ts'
import { createLogFileSource } from './log-file.ts'
import { logLineTime } from './log-line-time.ts'

const xid = (code: number) => `NVRM: Xid (PCI:0000:3b:00): ${code}, GPU has fallen off the bus.`

describe('createLogFileSource', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-log-'))
    path = join(folder, 'kern.log')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const follow = (position: KernelLogPosition = createMemoryPosition()) => {
    const lines: KernelLogLine[] = []
    const stop = new AbortController()
    const source = createLogFileSource({ clock: systemClock, path, bootedAt: Date.now() - 60_000, pollMs: 100 })
    const done = source({ onLine: (line) => lines.push(line), position }, stop.signal)
    const codes = () => lines.map((line) => Number(/: (\d+),/.exec(line.text)?.[1]))
    const dispose = async () => {
      stop.abort()
      await done
    }
    return { codes, [Symbol.asyncDispose]: dispose }
  }
  const settle = () => new Promise((resolve) => setTimeout(resolve, 150))
  const expectCodes = (reader: { codes(): number[] }, codes: number[]) =>
    expect.poll(() => reader.codes(), { timeout: 5000, interval: 5 }).toEqual(codes)

  it('delivers lines as they are written, also in pieces', async () => {
    await writeFile(path, '')
    await using reader = follow()
    await settle()
    await appendFile(path, 'Nov 21 08:00:00 n1 kernel: usb 1-1\nNVRM: Xid (PCI:0000')
    await appendFile(path, ':3b:00): 79, GPU\n')
    await expectCodes(reader, [79])
  })

  it('waits for a file that is not there yet', async () => {
    await using reader = follow()
    await settle()
    await writeFile(path, `${xid(48)}\n`)
    await expectCodes(reader, [48])
  })

  it('follows a rotation without losing a line on either side', async () => {
    await writeFile(path, '')
    await using reader = follow()
    await settle()
    await appendFile(path, `${xid(1)}\n`)
    await rename(path, `${path}.1`)
    await appendFile(`${path}.1`, `${xid(2)}\n`)
    await writeFile(path, `${xid(3)}\n`)
    await expectCodes(reader, [1, 2, 3])
    await appendFile(path, `${xid(4)}\n`)
    await expectCodes(reader, [1, 2, 3, 4])
  })

  it('follows a truncation', async () => {
    await writeFile(path, 'a line that is long enough to be cut\n'.repeat(10))
    await using reader = follow()
    await settle()
    await truncate(path, 0)
    await settle()
    await appendFile(path, `${xid(79)}\n`)
    await expectCodes(reader, [79])
  })

  it('takes the end of a line that is too long for no line of its own', async () => {
    await writeFile(path, '')
    await using reader = follow()
    await settle()
    await appendFile(path, `Nov 21 08:00:00 n1 alice: ${'x'.repeat(200_000)}`)
    await settle()
    await appendFile(path, `${xid(79)}\n${xid(48)}\n`)
    await expectCodes(reader, [48])
  })

  it('raises of an old file only lines that say that they are recent', async () => {
    const stamp = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
    await writeFile(path, `${xid(1)}\n${stamp(5)} n1 kernel: ${xid(2)}\n${stamp(1)} n1 kernel: ${xid(3)}\n`)
    await using reader = follow()
    await expectCodes(reader, [3])
    await appendFile(path, `${xid(4)}\n`)
    await expectCodes(reader, [3, 4])
  })

  it('goes on after a restart where it stood', async () => {
    const position = createMemoryPosition()
    await writeFile(path, '')
    {
      await using reader = follow(position)
      await settle()
      await appendFile(path, `${xid(1)}\n`)
      await expectCodes(reader, [1])
    }
    await appendFile(path, `${xid(2)}\n`)
    await using reader = follow(position)
    await expectCodes(reader, [2])
  })
})

describe('logLineTime', () => {
  const now = new Date(2026, 0, 1, 0, 30).getTime()

  it.each([
    ['2026-01-01T00:10:00.5Z n1 kernel: x', Date.UTC(2026, 0, 1, 0, 10, 0, 500)],
    ['<4>1 2026-01-01T01:10:00+01:00 n1 kernel - - - x', Date.UTC(2026, 0, 1, 0, 10)],
    ['Dec 31 23:59:58 n1 kernel: x', new Date(2025, 11, 31, 23, 59, 58).getTime()],
    ['Jan  1 00:20:00 n1 kernel: x', new Date(2026, 0, 1, 0, 20).getTime()],
    ['[   12.500000] x', now - 60_000 + 12_500],
    ['NVRM: Xid', undefined],
  ])('dates %j', (line, at) => {
    expect(logLineTime(line, now, now - 60_000)).toBe(at)
  })
})
