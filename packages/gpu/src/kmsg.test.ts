import { execFileSync } from 'node:child_process'
import { constants } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { expect, it } from 'vitest'
import { createMemoryPosition, type KernelLogLine, type KernelLogPosition } from './kernel-log.ts'
import { createKmsgSource, parseKmsgRecord } from './kmsg.ts'

const xid = 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.'

it('takes a record apart and leaves its dictionary out', () => {
  expect(parseKmsgRecord(`4,1042,5000000,-;${xid}\n SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0\n`)).toEqual({
    sequence: 1042,
    microseconds: 5_000_000,
    text: xid,
  })
  expect(parseKmsgRecord('4,1,2,c,caller=T1;a\\x0ab')?.text).toBe('a\nb')
  expect(parseKmsgRecord('no record')).toBeUndefined()
})

/** A pipe answers a read as the device does: what is there, one record a read, and EAGAIN when nothing is. */
async function withDevice(
  body: (device: {
    write(record: string): Promise<void>
    read(position: KernelLogPosition, bootId: string): AsyncDisposable & { lines: KernelLogLine[] }
  }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-kmsg-'))
  const path = join(folder, 'kmsg')
  execFileSync('mkfifo', [path])
  const pipe = await open(path, constants.O_RDWR | constants.O_NONBLOCK)
  const bootedAt = Date.now() - 3 * 3_600_000
  const read = (position: KernelLogPosition, bootId: string) => {
    const lines: KernelLogLine[] = []
    const stop = new AbortController()
    const source = createKmsgSource({ clock: systemClock, bootId, bootedAt, path, pollMs: 5 })
    const done = source({ onLine: (line) => lines.push(line), position }, stop.signal)
    return {
      lines,
      [Symbol.asyncDispose]: async () => {
        stop.abort()
        await done
      },
    }
  }
  try {
    await body({ write: async (record) => void (await pipe.write(record)), read })
  } finally {
    await pipe.close()
    await rm(folder, { recursive: true })
  }
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 5000, interval: 5 }).toBe(true)
const recent = (sequence: number) => `4,${sequence},${3 * 3_600_000_000 - 1000},-;${xid}`

it('delivers a new line, dated, under an id of its boot and sequence', async () => {
  await withDevice(async ({ write, read }) => {
    await using reader = read(createMemoryPosition(), 'boot-a')
    await write(recent(7))
    await until(() => reader.lines.length === 1)
    expect(reader.lines[0]).toMatchObject({ text: xid, id: 'boot-a/7' })
    expect(Math.abs((reader.lines[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000)
  })
})

it('raises neither what it raised before a restart nor what is older than two hours', async () => {
  await withDevice(async ({ write, read }) => {
    const position = createMemoryPosition()
    await position.save('boot-a 7')
    const overTwoHoursAgo = 30 * 60_000_000
    await write(`4,8,${overTwoHoursAgo},-;${xid}`)
    await using reader = read(position, 'boot-a')
    await new Promise((resolve) => setTimeout(resolve, 30))
    await write(recent(7))
    await new Promise((resolve) => setTimeout(resolve, 30))
    await write(recent(9))
    await until(() => reader.lines.length > 0)
    expect(reader.lines.map((line) => line.id)).toEqual(['boot-a/9'])
    expect(await position.load()).toBe('boot-a 9')
  })
})

it('begins anew after a reboot, where sequence numbers do too', async () => {
  await withDevice(async ({ write, read }) => {
    const position = createMemoryPosition()
    await position.save('boot-a 5000')
    await using reader = read(position, 'boot-b')
    await write(recent(7))
    await until(() => reader.lines.length === 1)
    expect(reader.lines[0]?.id).toBe('boot-b/7')
  })
})
