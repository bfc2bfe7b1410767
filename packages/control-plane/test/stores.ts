import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import type { JobEvent } from '@navarch/core/job/job-event'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { openStores, type Stores } from '../src/store/open-stores.ts'
import type { Change } from '../src/store/store.ts'
import { postgresMissing, startTestPostgres, type TestPostgres } from './postgres.ts'

export const engines = ['sqlite', 'postgres'] as const
export type Engine = (typeof engines)[number]

/** Why an engine cannot be tested here; undefined where it can. */
export function missingOf(engine: Engine): string | undefined {
  return engine === 'postgres' ? postgresMissing : undefined
}

/** Where stores are: a data folder, and a database where the engine needs one. */
export interface Place {
  dataDir: string
  databaseUrl?: string
}

export interface StoresWorld {
  /** A folder that goes after the test. */
  dir(): string
  makePlace(engine: Engine): Promise<Place>
  /** Opens stores, which are closed after the test at the latest. */
  open(place: Place): Promise<Stores>
  /** Restores a backup as the control plane does, with the start in between. */
  restoreInto(place: Place, file: Uint8Array): Promise<Stores>
}

/** Stores over real files and a real PostgreSQL of this file's own. */
export function useStores(): StoresWorld {
  let ids = 0
  const effects = {
    clock: systemClock,
    random: () => 0.5,
    log: silentLog,
    newId: () => `id${process.pid}-${++ids}`,
  }
  let postgres: TestPostgres | undefined
  let dir: string
  const opened = new Set<Stores>()
  beforeAll(async () => {
    if (postgresMissing === undefined) postgres = await startTestPostgres()
  })
  afterAll(() => postgres?.stop())
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'navarch-stores-'))
  })
  afterEach(async () => {
    for (const stores of opened) await stores.close().catch(() => {})
    opened.clear()
    rmSync(dir, { recursive: true })
  })

  const open = async (place: Place): Promise<Stores> => {
    const stores = await openStores({ ...place, productVersion: '1.2.3', effects })
    const watched: Stores = {
      ...stores,
      close() {
        opened.delete(watched)
        return stores.close()
      },
    }
    opened.add(watched)
    return watched
  }
  return {
    dir: () => dir,
    async makePlace(engine) {
      const dataDir = join(dir, `data-${++ids}`)
      return engine === 'sqlite' ? { dataDir } : { dataDir, databaseUrl: (await postgres?.createDatabase()) ?? '' }
    },
    open,
    async restoreInto(place, file) {
      const before = await open(place)
      await before.stage(streamed(file))
      await before.close()
      return open(place)
    },
  }
}

/** A backup's lines. */
export async function linesOf(stores: Stores): Promise<string[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stores.backup()) chunks.push(chunk)
  return Buffer.concat(chunks).toString().trimEnd().split('\n')
}

/** All that stores hold, but for where and when the backup was made. */
export async function contentOf(stores: Stores): Promise<string[]> {
  return (await linesOf(stores)).slice(1, -1).sort()
}

/** A backup as it is sent. */
export async function fileOf(stores: Stores): Promise<Buffer> {
  return gzipSync(`${(await linesOf(stores)).join('\n')}\n`)
}

/** Small pieces, so that lines lie across them. */
export function streamed(file: Uint8Array): Readable {
  const pieces: Uint8Array[] = []
  for (let from = 0; from < file.length; from += 1000) pieces.push(file.subarray(from, from + 1000))
  return Readable.from(pieces)
}

export function event(seq: number): Change {
  const message = `"é\u2028\\ ${seq}`
  return { kind: 'event', event: { seq, at: seq, type: 'test', pool: 'p', node: 'n', operation: '', message } }
}

/** Changes that belong together: a backup must have both of a number, or none. */
export function pair(seq: number): Change[] {
  return [event(seq), { kind: 'pool', memory: { pool: 'counter', manualSize: seq, quarantine: [] } }]
}

export function jobStarted(jobId: string, node: string): JobEvent {
  return {
    kind: 'started',
    job: { cluster: 'default', jobId, restart: 0 },
    at: 1_000,
    receivedAt: 1_001,
    origin: { changedBy: 'prolog', source: 'hook', correlationId: 'c' },
    node,
    user: 'alice',
    nodes: ['gpu-1', 'gpu-2'],
  }
}

/** Puts something in every kind of column. */
export async function fill(stores: Stores): Promise<void> {
  for (let seq = 1; seq <= 40; seq++) await stores.fleet.commit(pair(seq))
  const finding = { id: 'f1', node: 'gpu-1', source: 'kernel-log', code: 'xid-79', class: 'drain-replace' } as const
  await stores.fleet.commit([
    { kind: 'finding', finding: { ...finding, fatal: true, message: 'm', evidence: '', at: 1 } },
    {
      kind: 'api-token',
      token: { id: 't1', name: 'ci', role: 'viewer', hash: 'h', createdAt: 1, createdBy: 'ana' },
    },
    { kind: 'command', command: { id: 'c1', node: 'gpu-1', type: 1, parameters: { a: 'b' }, issuedAt: 2 } },
  ])
  for (const job of ['1', '2']) await stores.jobs.apply([jobStarted(job, 'gpu-1'), jobStarted(job, 'gpu-2')])
  const samples = [1_000, 16_000].map((at) => ({
    at,
    host: [at / 1000, 1_048_576],
    gpus: [{ uuid: 'GPU-1', values: [97, 2_097_152, 250.5] }],
  }))
  await stores.jobs.addSamples([{ run: { cluster: 'default', jobId: '1', restart: 0 }, node: 'gpu-1', samples }])
}
