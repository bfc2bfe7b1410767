import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BackupError, type BackupPart, readBackup } from './backup.ts'

const header = {
  format: 'navarch-backup',
  version: 1,
  created_at: '2026-11-21T10:00:00.000Z',
  product_version: '1.0.0',
  source: 'sqlite:/var/lib/navarch/navarch.db',
  databases: [{ name: 'fleet', schema: 1, tables: [{ name: 'node', columns: ['id', 'doc'] }] }],
}

function fileOf(rows: unknown[]): Buffer {
  const body = [header, { table: 'fleet.node' }, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('')
  const sha256 = createHash('sha256').update(body).digest('hex')
  return gzipSync(`${body}${JSON.stringify({ rows: { 'fleet.node': rows.length }, sha256 })}\n`)
}

async function read(file: Uint8Array, pieceBytes = 7): Promise<BackupPart[]> {
  const pieces: Uint8Array[] = []
  for (let from = 0; from < file.length; from += pieceBytes) pieces.push(file.subarray(from, from + pieceBytes))
  const parts: BackupPart[] = []
  for await (const part of readBackup(Readable.from(pieces))) parts.push(part)
  return parts
}

describe('a backup', () => {
  it('is read whole, however it is cut into pieces', async () => {
    const values = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.record({ base64: fc.base64String() }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(values, values), { maxLength: 20 }),
        fc.integer({ min: 1, max: 99 }),
        async (rows, size) => {
          const parts = await read(fileOf(rows), size)
          expect(parts[0]).toEqual({ header })
          expect(parts.flatMap((part) => ('rows' in part ? part.rows : []))).toEqual(rows)
          expect(parts.at(-1)).toMatchObject({ trailer: { rows: { 'fleet.node': rows.length } } })
        },
      ),
    )
  })

  it('gives rows of thousands in batches, with the line that each begins at', async () => {
    const parts = await read(fileOf(Array.from({ length: 1100 }, (_, index) => [`n${index}`, '{}'])), 10_000)
    const batches = parts.flatMap((part) => ('rows' in part ? [[part.firstLine, part.rows.length]] : []))
    expect(batches).toEqual([
      [3, 500],
      [503, 500],
      [1003, 100],
    ])
  })

  it('is never taken for whole when a byte of it is another, or its end is missing', async () => {
    const file = fileOf([
      ['n1', '{"a":1}'],
      ['n2', { base64: 'AAEC' }],
    ])
    const outcome = (bytes: Uint8Array) =>
      read(bytes).then(
        () => gunzipSync(bytes).toString(),
        (error: unknown) => error,
      )
    const whole = await outcome(file)
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(file)
        damaged[at] = (damaged[at] ?? 0) ^ change
        const seen = await outcome(damaged)
        // A few bytes of gzip's own header mean nothing.
        if (!(seen instanceof BackupError)) expect(seen).toBe(whole)
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), async (length) => {
        expect(await outcome(file.subarray(0, length))).toBeInstanceOf(BackupError)
      }),
    )
  })

  it('is refused with a reason, whatever its lines say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.json(), fc.string()), { maxLength: 4 }), async (lines) => {
        const error = await read(gzipSync(`${JSON.stringify(header)}\n${lines.join('\n')}`)).catch(
          (cause: unknown) => cause,
        )
        expect(error).toBeInstanceOf(BackupError)
      }),
    )
  })

  it('that cannot be read fails with the reason of whoever gave it', async () => {
    const broken = async function* () {
      yield fileOf([]).subarray(0, 10)
      throw new Error('the disk is gone')
    }
    const reading = (async () => {
      for await (const _ of readBackup(broken()));
    })()
    await expect(reading).rejects.toThrow('the disk is gone')
  })
})
