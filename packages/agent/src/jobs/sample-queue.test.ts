import { mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSampleQueue, type SampleQueue } from './sample-queue.ts'

describe('openSampleQueue', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-samples-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const message = (number: number) => Buffer.from(`message ${number}`.padEnd(100))
  const open = (limits: { maxBytes?: number; maxMemoryBytes?: number } = {}, log = silentLog) =>
    openSampleQueue({ folder, log, ...limits })
  async function drain(queue: SampleQueue): Promise<string[]> {
    const all: string[] = []
    for (let next = await queue.next(); next; next = await queue.next()) {
      all.push(...next.messages.map((bytes) => Buffer.from(bytes).toString().trim()))
      await next.sent()
    }
    return all
  }

  it('gives messages in their order, from memory alone when they are few', async () => {
    const queue = await open()
    for (const number of [1, 2, 3]) queue.push(message(number))
    expect(await drain(queue)).toEqual(['message 1', 'message 2', 'message 3'])
    expect(await readdir(folder)).toEqual([])
  })

  it('gives again what was not confirmed', async () => {
    const queue = await open()
    queue.push(message(1))
    await queue.next()
    queue.push(message(2))
    expect(await drain(queue)).toEqual(['message 1', 'message 2'])
  })

  it('keeps many on disk, in order, also for a later run', async () => {
    const queue = await open({ maxMemoryBytes: 250 })
    for (let number = 1; number <= 10; number++) queue.push(message(number))
    await queue.close()
    const later = await open()
    later.push(message(11))
    expect(await drain(later)).toEqual(Array.from({ length: 11 }, (_, at) => `message ${at + 1}`))
    expect(await readdir(folder)).toEqual([])
  })

  it('gives up the oldest when there are too many, and counts and tells them', async () => {
    const lines: string[] = []
    const queue = await open(
      { maxMemoryBytes: 150, maxBytes: 700 },
      createLog((line) => lines.push(line), { now: () => 0 }),
    )
    for (let number = 1; number <= 10; number++) queue.push(message(number))
    await queue.close()
    const left = await drain(queue)
    expect(left.at(-1)).toBe('message 10')
    expect(queue.dropped() + left.length).toBe(10)
    expect(lines.join()).toContain('readings of jobs were given up')
  })

  it('takes what is good of a file that was cut short', async () => {
    const queue = await open({ maxMemoryBytes: 150 })
    for (const number of [1, 2]) queue.push(message(number))
    await queue.close()
    const [name = ''] = await readdir(folder)
    await truncate(join(folder, name), 150)
    await writeFile(join(folder, 'notes.txt'), 'not ours')
    expect(await drain(await open())).toEqual(['message 1'])
  })

  it('gives up its oldest file for a disk that is full, and counts what was in it', async () => {
    const queue = await open({ maxMemoryBytes: 150 })
    for (const number of [1, 2, 3, 4]) queue.push(message(number))
    expect(await queue.giveUpOldest()).toBe(true)
    expect(queue.dropped()).toBe(2)
    expect(await drain(queue)).toEqual(['message 3', 'message 4'])
    expect(await queue.giveUpOldest()).toBe(false)
  })

  it('does not count what it gave up while it was on its way, unless it does not arrive', async () => {
    const queue = await open({ maxMemoryBytes: 250 })
    for (let number = 1; number <= 9; number++) queue.push(message(number))
    const arrives = await queue.next()
    expect(await queue.giveUpOldest()).toBe(true)
    expect(queue.dropped()).toBe(0)
    await arrives?.sent()
    expect(queue.dropped()).toBe(0)

    const isLost = await queue.next()
    expect(isLost?.messages).toHaveLength(3)
    await queue.giveUpOldest()
    isLost?.notSent(2)
    expect(queue.dropped()).toBe(2)
    const comesAgain = await queue.next()
    comesAgain?.notSent(3)
    expect(queue.dropped()).toBe(2)
    expect(await drain(queue)).toEqual(['message 7', 'message 8', 'message 9'])
  })

  it('does not count what was on its way from memory either', async () => {
    const queue = await openSampleQueue({ folder: undefined, log: silentLog, maxMemoryBytes: 250 })
    queue.push(message(1))
    queue.push(message(2))
    const out = await queue.next()
    queue.push(message(3))
    expect(queue.dropped()).toBe(1)
    out?.notSent(2)
    expect(queue.dropped()).toBe(3)
  })

  it('leaves nothing half written behind', async () => {
    await writeFile(join(folder, '000000000007.samples.new'), 'of an agent that was killed')
    await open()
    expect(await readdir(folder)).toEqual([])
    const queue = await open({ maxMemoryBytes: 50 })
    await symlink('/dev/full', join(folder, '000000000001.samples.new'))
    queue.push(message(1))
    await queue.close()
    expect(queue.dropped()).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })
})
