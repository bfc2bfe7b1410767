import { gunzipSync } from 'node:zlib'
import { BackupError } from '@navarch/api/backup'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../store/store.ts'
import { createBackupService } from './backup-service.ts'

const done = { id: 'r1', state: 'done', backup_created_at: '', rows: {}, error: null } as const

function serviceOver(lines: () => AsyncGenerator<Uint8Array, void>, stage: () => Promise<unknown> = async () => done) {
  const clock = createManualClock()
  const restarts = { count: 0 }
  const service = createBackupService({
    stores: { backup: lines, restored: undefined, stage: async () => (await stage()) as typeof done },
    clock,
    restart: () => {
      restarts.count += 1
    },
  })
  return { service, clock, restarts }
}

async function* whole(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('one\n')
  yield Buffer.from('two\n')
}

async function* empty(): AsyncGenerator<Uint8Array, void> {}

async function read(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return gunzipSync(Buffer.concat(chunks)).toString()
}

describe('backups', () => {
  it('are compressed, one at a time', async () => {
    const { service } = serviceOver(whole)
    const { body } = await service.backup()
    await expect(service.backup()).rejects.toMatchObject({ code: 'conflict' })
    expect(await read(body)).toBe('one\ntwo\n')
    expect(await read((await service.backup()).body)).toBe('one\ntwo\n')
  })

  it('that cannot begin fail before the answer begins, and the next one may', async () => {
    let broken = true
    const { service } = serviceOver(async function* () {
      if (broken) throw new StoreError('the disk is gone')
      yield* whole()
    })
    await expect(service.backup()).rejects.toThrow('the disk is gone')
    broken = false
    expect(await read((await service.backup()).body)).toBe('one\ntwo\n')
  })

  it('that cannot be read to their end end with an error', async () => {
    const { service } = serviceOver(async function* () {
      yield Buffer.from('one\n')
      throw new Error('the disk is gone')
    })
    const { body } = await service.backup()
    await expect(read(body)).rejects.toThrow('the disk is gone')
  })

  it('that nobody reads are given up after a minute', async () => {
    let given = false
    const { service, clock } = serviceOver(async function* () {
      try {
        for (;;) yield Buffer.alloc(1_000_000, Math.trunc(clock.now()).toString())
      } finally {
        given = true
      }
    })
    const { body } = await service.backup()
    const failed = new Promise((resolve) => body.once('error', resolve))
    // What is not read fills the buffers, and then nothing more is taken.
    for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(61_000)
    expect(String(await failed)).toContain('nobody read the backup for 60000 ms')
    while (!given) await new Promise((resolve) => setImmediate(resolve))
    expect(given).toBe(true)
  })
})

describe('a restore', () => {
  it('starts the control plane again once it is decided', async () => {
    const { service, restarts } = serviceOver(whole)
    expect(await service.restore(empty())).toEqual(done)
    expect(restarts.count).toBe(1)
    await expect(service.restore(empty())).rejects.toMatchObject({ code: 'conflict' })
  })

  it.each([
    [new BackupError('line 3: this is not JSON'), 'invalid'],
    [new StoreError('cannot keep the backup in the data folder: ENOSPC'), 'unavailable'],
  ])('that fails with %s changes nothing and may be tried again', async (error, code) => {
    const { service, restarts } = serviceOver(whole, () => Promise.reject(error))
    for (const _ of [1, 2])
      await expect(service.restore(empty())).rejects.toMatchObject({ code, message: error.message })
    expect(restarts.count).toBe(0)
  })

  it('is told of afterwards, and where there was none, that', () => {
    const { service } = serviceOver(whole)
    expect(() => service.lastRestore()).toThrow(/nothing has been restored/)
    const after = createBackupService({
      stores: { backup: whole, restored: done, stage: async () => done },
      clock: createManualClock(),
      restart: undefined,
    })
    expect(after.lastRestore()).toEqual(done)
  })
})
