import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { BackupError } from '@navarch/api/backup'
import { describe, expect, it } from 'vitest'
import { titleOf } from '../../../test/postgres.ts'
import {
  contentOf,
  engines,
  event,
  fileOf,
  fill,
  jobStarted,
  linesOf,
  missingOf,
  pair,
  streamed,
  useStores,
} from '../../../test/stores.ts'
import { tablesOf } from '../schemas.ts'
import { fleetMigrations } from '../sql/fleet-migrations.ts'
import { buildSqlite } from './load-sqlite.ts'
import { readRestorable } from './read-restorable.ts'

const { makePlace, open, restoreInto } = useStores()

/** Files by what is wrong with them, how they are made of a whole one's lines, and what is said of them. */
const refused: [string, (lines: string[]) => Buffer, RegExp][] = [
  ['that is empty', () => Buffer.alloc(0), /^the file is empty$|cut off/],
  ['that is no gzip', () => Buffer.from('PK\x03\x04 something else'), /no backup of Navarch: it is not compressed/],
  ['of something else', () => gzipSync('{"a":1}\n'), /line 1: this is no backup of Navarch/],
  ['that is no JSON', () => gzipSync('hello\n'), /line 1: this is not JSON/],
  ['that was cut off', (lines) => gzipSync(text(lines)).subarray(0, -40), /cut off/],
  ['without its last line', (lines) => gzipSync(text(lines.slice(0, -1))), /ends after line \d+, without its counts/],
  ['that lacks a row', (lines) => gzipSync(text(lines.toSpliced(-2, 1))), /it has \d+ rows of .* where \d+ were/],
  ['with a changed byte', (lines) => gzipSync(text(lines).replace('"test"', '"tesT"')), /checksum .* damaged/],
  ['with bytes broken', (lines) => broken(gzipSync(text(lines))), /damaged|cut off|is not JSON|checksum|line \d+/],
  [
    'of a newer format',
    (lines) => changed(lines, 'version', 2),
    /newer version wrote it \(format 2, this one reads 1\)/,
  ],
  ['of a newer schema', newerSchema, /fleet: it was written by a newer version \(schema 99, this one knows \d+\)/],
  ['of an unknown database', unknownDatabase, /a newer version wrote it: the database "later" is not known here/],
  ['with a value of a wrong type', wrongType, /line \d+: seq is "one", and must be INTEGER/],
  ['with a column too few', (l) => signed(l.map((line) => line.replace(/^\["c1",/, '['))), /a row of 2 values; 3 are/],
]

for (const engine of engines) {
  const missing = missingOf(engine)
  describe.skipIf(missing !== undefined)(missing === undefined ? `a backup of ${engine}` : titleOf(engine), () => {
    it.each(engines.filter((target) => missingOf(target) === undefined))(
      'restored into %s has all of it',
      async (target) => {
        const stores = await open(await makePlace(engine))
        await fill(stores)
        const place = await makePlace(target)
        const other = await open(place)
        await other.fleet.commit([{ kind: 'pool', memory: { pool: 'old', quarantine: [] } }, event(1)])
        await other.close()
        const restored = await restoreInto(place, await fileOf(stores))
        expect(await contentOf(restored)).toEqual(await contentOf(stores))
        expect(restored.restored).toMatchObject({ state: 'done', error: null, rows: { 'fleet.event': 40 } })
        // It goes on where the backup was.
        await restored.fleet.commit(pair(41))
        expect((await restored.fleet.load()).lastSeq).toBe(41)
        await restored.jobs.apply([jobStarted('3', 'gpu-1')])
        expect((await restored.jobs.list({ limit: 9, offset: 0 })).runs.map((run) => run.jobId)).toEqual([
          '3',
          '2',
          '1',
        ])
        const window = { from: 0, to: 20_000 }
        const run = { cluster: 'default', jobId: '1', restart: 0 }
        expect(await restored.jobs.series(run, window)).toEqual(await stores.jobs.series(run, window))
        await restored.close()
        const again = await open(place)
        expect(again.restored).toBeUndefined()
        expect((await again.fleet.load()).lastSeq).toBe(41)
      },
    )

    it('shows one moment, while writers go on', async () => {
      const stores = await open(await makePlace(engine))
      for (let seq = 1; seq <= 3000; seq += 50) {
        await stores.fleet.commit(Array.from({ length: 50 }, (_, index) => pair(seq + index)).flat())
      }
      let seq = 3000
      let writing = true
      const writer = (async () => {
        while (writing) await stores.fleet.commit(pair(++seq))
      })()
      // Reads slowly: the writer has time to change what is not read yet.
      const chunks: Uint8Array[] = []
      for await (const chunk of stores.backup()) {
        chunks.push(chunk)
        const seen = seq
        while (seq < seen + 20) await new Promise((resolve) => setImmediate(resolve))
      }
      writing = false
      await writer
      const restored = await restoreInto(await makePlace('sqlite'), gzipSync(Buffer.concat(chunks)))
      const { lastSeq, pools } = await restored.fleet.load()
      expect(lastSeq).toBeGreaterThanOrEqual(3000)
      expect(lastSeq).toBeLessThan(seq)
      expect(pools).toEqual([{ pool: 'counter', manualSize: lastSeq, quarantine: [] }])
      expect(await restored.fleet.eventsSince(0, 10_000)).toHaveLength(lastSeq)
    })

    it('can be given up, and the next one works', async () => {
      const stores = await open(await makePlace(engine))
      await fill(stores)
      const given = stores.backup()
      await given.next()
      await given.return()
      expect((await linesOf(stores)).at(-1)).toContain('"sha256"')
    })
  })

  describe.skipIf(missing !== undefined)(missing === undefined ? `a restore into ${engine}` : titleOf(engine), () => {
    it('refuses what is no whole backup of this version or an older one, and changes nothing', async () => {
      const place = await makePlace(engine)
      const stores = await open(place)
      await fill(stores)
      const before = await contentOf(stores)
      for (const [title, make, message] of refused) {
        const staging = stores.stage(streamed(make(await linesOf(stores))))
        await expect(staging, title).rejects.toThrow(message)
        await expect(staging, title).rejects.toBeInstanceOf(BackupError)
      }
      await stores.close()
      const after = await open(place)
      expect(after.restored).toBeUndefined()
      expect(await contentOf(after)).toEqual(before)
      expect(readdirSync(place.dataDir)).not.toContain('restore')
    })

    it('takes a backup of an older schema, and goes on with its content in the present one', async () => {
      const stores = await open(await makePlace('sqlite'))
      await fill(stores)
      const restored = await restoreInto(await makePlace(engine), olderSchema(await linesOf(stores)))
      expect(restored.restored).toMatchObject({ state: 'done' })
      expect(await restored.fleet.findings('gpu-1', 9)).toEqual(await stores.fleet.findings('gpu-1', 9))
      expect(await restored.fleet.load()).toEqual(await stores.fleet.load())
      expect(JSON.parse((await linesOf(restored))[0] ?? '')).toMatchObject({
        databases: [{ name: 'fleet', schema: fleetMigrations.length }, {}],
      })
    })

    it('that cannot be done leaves the old state and says why', async () => {
      const place = await makePlace(engine)
      const stores = await open(place)
      await fill(stores)
      const before = await contentOf(stores)
      // Right in all that can be seen without a database: the same key comes twice.
      const lines = await linesOf(stores)
      const row = lines.find((line) => line.startsWith('["c1",')) ?? ''
      const twice = lines.toSpliced(lines.indexOf(row), 0, row)
      await stores.stage(streamed(signed(twice)))
      await stores.close()
      const after = await open(place)
      expect(after.restored).toMatchObject({ state: 'failed', error: expect.stringMatching(/unique/i) })
      expect(await contentOf(after)).toEqual(before)
    })

    it('is decided once: a second one waits for the start', async () => {
      const stores = await open(await makePlace(engine))
      const file = await fileOf(stores)
      await stores.stage(streamed(file))
      await expect(stores.stage(streamed(file))).rejects.toThrow(/is not complete yet/)
    })

    it('gives up an upload that breaks off', async () => {
      const place = await makePlace(engine)
      const stores = await open(place)
      const file = await fileOf(stores)
      const breaking = async function* () {
        yield file.subarray(0, 20)
        throw new Error('the connection was cut')
      }
      await expect(stores.stage(breaking())).rejects.toThrow('the connection was cut')
      expect(readdirSync(join(place.dataDir, 'restore'))).toEqual([])
    })
  })
}

describe('databases that are being put in place', () => {
  it('are put there all, although the first attempt was cut off', async () => {
    const stores = await open(await makePlace('sqlite'))
    await fill(stores)
    const wanted = await contentOf(stores)
    const place = await makePlace('sqlite')
    const other = await open(place)
    const { id } = await other.stage(streamed(await fileOf(stores)))
    await other.close()
    // As a kill between getting ready and putting in place leaves it.
    const restore = join(place.dataDir, 'restore')
    const pending = join(restore, `pending-${id}.ndjson.gz`)
    await buildSqlite(join(restore, 'build'), readRestorable(streamed(readFileSync(pending))))
    renameSync(pending, join(restore, `replacing-${id}.ndjson.gz`))
    const after = await open(place)
    expect(after.restored).toMatchObject({ id, state: 'done' })
    expect(await contentOf(after)).toEqual(wanted)
  })

  it('leave nothing of uploads that were cut off', async () => {
    const place = await makePlace('sqlite')
    mkdirSync(join(place.dataDir, 'restore', 'build'), { recursive: true })
    writeFileSync(join(place.dataDir, 'restore', 'upload-x.part'), 'half')
    await open(place)
    expect(readdirSync(place.dataDir)).not.toContain('restore')
  })
})

const text = (lines: string[]): string => `${lines.join('\n')}\n`

/** With the counts and the checksum that belong to the lines. */
function signed(lines: string[]): Buffer {
  const body = text(lines.slice(0, -1))
  const rows: Record<string, number> = {}
  let table = ''
  for (const line of lines.slice(1, -1)) {
    const value = JSON.parse(line)
    if (Array.isArray(value)) rows[table] = (rows[table] ?? 0) + 1
    else {
      table = value.table
      rows[table] = 0
    }
  }
  return gzipSync(`${body}${JSON.stringify({ rows, sha256: createHash('sha256').update(body).digest('hex') })}\n`)
}

function changed(lines: string[], key: string, value: unknown): Buffer {
  return signed([JSON.stringify({ ...JSON.parse(lines[0] ?? ''), [key]: value }), ...lines.slice(1)])
}

function newerSchema(lines: string[]): Buffer {
  const [fleet, ...others] = JSON.parse(lines[0] ?? '').databases
  return changed(lines, 'databases', [{ ...fleet, schema: 99 }, ...others])
}

/** As the first release wrote it: no table had the column `ord`, which is the last one, and there were no jobs. */
function olderSchema(lines: string[]): Buffer {
  const header = JSON.parse(lines[0] ?? '')
  const [fleet] = header.databases
  const first = tablesOf({ name: 'fleet', file: '', migrations: fleetMigrations }, 1)
  const shapes: { name: string; columns: string[] }[] = fleet.tables
  /** Where the columns of then are in a row of now, by table. */
  const kept = new Map(
    first.map(({ name, columns }) => {
      const now = shapes.find((shape) => shape.name === name)?.columns ?? []
      return [`fleet.${name}`, columns.map((column) => now.indexOf(column.name))]
    }),
  )
  let table = ''
  const body = lines.slice(1, -1).flatMap((line) => {
    const value = JSON.parse(line)
    if (!Array.isArray(value)) table = value.table
    const places = kept.get(table)
    if (!places) return []
    return [Array.isArray(value) ? JSON.stringify(places.map((place) => value[place])) : line]
  })
  const tables = first.map(({ name, columns }) => ({ name, columns: columns.map((column) => column.name) }))
  return signed([JSON.stringify({ ...header, databases: [{ ...fleet, schema: 1, tables }] }), ...body, ''])
}

function unknownDatabase(lines: string[]): Buffer {
  const { databases } = JSON.parse(lines[0] ?? '')
  return changed(lines, 'databases', [...databases, { name: 'later', schema: 1, tables: [] }])
}

function wrongType(lines: string[]): Buffer {
  return signed(lines.map((line) => line.replace(/^\[1,1,"test"/, '["one",1,"test"')))
}

function broken(file: Buffer): Buffer {
  const middle = Math.floor(file.length / 2)
  file.fill(0x55, middle, middle + 8)
  expect(() => gunzipSync(file)).toThrow()
  return file
}
