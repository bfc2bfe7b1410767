import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { postgresMissing, startTestPostgres, type TestPostgres, titleOf } from '../../test/postgres.ts'
import { takeLease } from './postgres/lease.ts'
import { openPostgresPool } from './postgres/postgres-pool.ts'
import { createPostgresSql } from './postgres/postgres-sql.ts'
import { openPostgresStore } from './postgres/postgres-store.ts'
import { openSqliteStore } from './sqlite/sqlite-store.ts'
import type { HistoryEvent, MachineRecord, Store } from './store.ts'

const event = (seq: number): HistoryEvent => ({
  seq,
  at: 1000 + seq,
  type: 'node-status',
  pool: 'train',
  node: 'gpu-1',
  operation: '',
  message: `event ${seq}`,
})

const machine = (state: MachineRecord['state']): MachineRecord => ({
  token: 't1',
  provider: 'fake',
  pool: 'train',
  node: 'gpu-1',
  region: '',
  zone: '',
  instanceType: 'h100',
  state,
  message: '',
  createdAt: 5,
})

let postgres: TestPostgres | undefined
beforeAll(async () => {
  if (postgresMissing === undefined) postgres = await startTestPostgres()
})
afterAll(() => postgres?.stop())

async function openPostgres(url: string): Promise<Store> {
  const effects = { clock: systemClock, random: () => 0.5, log: silentLog }
  const pool = await openPostgresPool(url, effects)
  const sql = createPostgresSql(pool, effects)
  const lease = await takeLease(pool, 'test', { ...effects, waitMs: 0 }).catch(async (error: unknown) => {
    await sql.close()
    throw error
  })
  const store = await openPostgresStore(pool, sql, effects, lease)
  const close = async () => {
    await store.close()
    await sql.close()
  }
  return { ...store, close }
}

interface Engine {
  /** Makes an empty place for a store. @returns its name */
  make: () => Promise<string>
  open: (place: string) => Promise<Store>
  remove?: (place: string) => void
  missing?: string | undefined
}

const engines: Record<string, Engine> = {
  sqlite: {
    make: async () => mkdtempSync(join(tmpdir(), 'navarch-store-')),
    open: openSqliteStore,
    remove: (dir) => rmSync(dir, { recursive: true }),
  },
  postgres: {
    make: async () => (await postgres?.createDatabase()) ?? '',
    open: openPostgres,
    missing: postgresMissing,
  },
}

describe.each(Object.entries(engines))('a %s store', (name, { make, open, remove, missing }) => {
  if (missing !== undefined) return it.skip(titleOf(name), () => {})
  let dir: string
  let store: Store
  beforeEach(async () => {
    dir = await make()
    store = await open(dir)
  })
  afterEach(async () => {
    await store.close().catch(() => {})
    remove?.(dir)
  })

  it('is empty at first', async () => {
    expect(await store.load()).toEqual({
      nodes: [],
      operations: [],
      pools: [],
      machines: [],
      commands: [],
      lastSeq: 0,
    })
  })

  it('has what was committed after it was opened again', async () => {
    await store.commit([
      { kind: 'pool', memory: { pool: 'train', manualSize: 3, quarantine: ['m-7'] } },
      { kind: 'machine', machine: machine('running') },
      { kind: 'event', event: event(1) },
    ])
    await store.close()
    store = await open(dir)
    const state = await store.load()
    expect(state.pools).toEqual([{ pool: 'train', manualSize: 3, quarantine: ['m-7'] }])
    expect(state.machines).toEqual([machine('running')])
    expect(state.lastSeq).toBe(1)
  })

  it('keeps what is over as history and out of the working state', async () => {
    await store.commit([{ kind: 'machine', machine: machine('running') }])
    await store.commit([{ kind: 'machine', machine: machine('terminated') }])
    expect((await store.load()).machines).toEqual([])
    expect(await store.machineHistory(10)).toEqual([machine('terminated')])
  })

  it('has tokens and sessions after it was opened again, and not those that were taken away', async () => {
    const token = { id: 't1', name: 'ci', role: 'viewer', hash: 'h', createdAt: 1, createdBy: 'ana' } as const
    const session = {
      id: 's1',
      name: 'ana',
      role: 'admin',
      createdAt: 1,
      lastSeenAt: 2,
      expiresAt: 3,
      origin: { kind: 'oidc', issuer: 'https://sso.example', subject: '7' },
    } as const
    await store.commit([
      { kind: 'api-token', token },
      { kind: 'api-token', token: { ...token, id: 't2' } },
      { kind: 'session', session },
      { kind: 'session', session: { ...session, id: 's2' } },
    ])
    await store.commit([
      { kind: 'api-token', token: { ...token, revokedAt: 9, revokedBy: 'bo' } },
      { kind: 'api-token-removed', id: 't2' },
      { kind: 'session', session: { ...session, lastSeenAt: 3 } },
      { kind: 'session-removed', id: 's2' },
    ])
    await store.close()
    store = await open(dir)
    expect(await store.credentials()).toEqual({
      tokens: [{ ...token, revokedAt: 9, revokedBy: 'bo' }],
      sessions: [{ ...session, lastSeenAt: 3 }],
    })
  })

  it('stores all changes of a commit or none', async () => {
    await store.commit([{ kind: 'event', event: event(1) }])
    const twice = store.commit([
      { kind: 'pool', memory: { pool: 'train', quarantine: [] } },
      { kind: 'event', event: event(1) },
    ])
    await expect(twice).rejects.toThrow(/UNIQUE|unique/)
    expect((await store.load()).pools).toEqual([])
  })

  it('lets a failing commit fail alone among commits made at the same time', async () => {
    const outcomes = await Promise.allSettled([
      store.commit([{ kind: 'event', event: event(1) }]),
      store.commit([{ kind: 'event', event: event(1) }]),
      store.commit([{ kind: 'event', event: event(2) }]),
    ])
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await store.eventsSince(0, 10)).map((row) => row.seq)).toEqual([1, 2])
  })

  it('keeps the first word on a finding', async () => {
    const finding = {
      id: 'f1',
      node: 'gpu-1',
      source: 'kernel-log',
      code: 'xid-79',
      class: 'drain-replace',
      fatal: true,
      message: 'first',
      evidence: '',
      at: 1,
    } as const
    await store.commit([{ kind: 'finding', finding }])
    await store.commit([{ kind: 'finding', finding: { ...finding, message: 'second' } }])
    expect(await store.findings('gpu-1', 10)).toEqual([finding])
  })

  it('refuses a second opener of the same place and says who has it', async () => {
    await expect(open(dir)).rejects.toThrow(
      new RegExp(`another control plane is using it \\(.*${process.pid} on .* since 2`),
    )
  })

  it('lists what came in the same millisecond in the order in which it came first', async () => {
    const tokens = ['c', 'a', 'b']
    for (const token of tokens) await store.commit([{ kind: 'machine', machine: { ...machine('running'), token } }])
    await store.commit([{ kind: 'machine', machine: { ...machine('failed'), token: 'a' } }])
    expect((await store.machineHistory(10)).map(({ token }) => token)).toEqual(['b', 'a', 'c'])
  })

  it('finds events by time, node, pool and type, the newest first', async () => {
    const other = { ...event(3), node: 'gpu-2', pool: 'dev', type: 'finding' }
    for (const each of [event(1), event(2), other]) await store.commit([{ kind: 'event', event: each }])
    const seqs = async (query: Partial<Parameters<Store['eventsOf']>[0]>) =>
      (await store.eventsOf({ from: 0, to: 9999, limit: 10, ...query })).map(({ seq }) => seq)
    expect(await seqs({})).toEqual([3, 2, 1])
    expect(await seqs({ limit: 1 })).toEqual([3])
    expect(await seqs({ from: 1002, to: 1002 })).toEqual([2])
    expect(await seqs({ node: 'gpu-1' })).toEqual([2, 1])
    expect(await seqs({ pool: 'dev' })).toEqual([3])
    expect(await seqs({ types: ['finding', 'x'] })).toEqual([3])
    expect(await seqs({ types: [] })).toEqual([])
  })

  it('keeps timelines by scope, and puts coarser points in place of fine ones at once', async () => {
    const point = (at: number, gpus: number) => ({ at, spanMs: 60, values: { gpus } })
    await store.addTimeline([60, 120, 180].map((at) => ({ ...point(at, at), scope: 'fleet' })))
    await store.addTimeline([{ ...point(60, 7), scope: 'pool/a' }])
    await store.addTimeline([{ ...point(180, 9), scope: 'fleet' }])
    expect(await store.timeline('fleet', 120, 180)).toEqual([point(120, 120), point(180, 9)])
    await store.replaceTimeline('fleet', 60, 120, [{ at: 60, spanMs: 120, values: { gpus: 90 } }])
    expect(await store.timeline('fleet', 0, 999)).toEqual([
      { at: 60, spanMs: 120, values: { gpus: 90 } },
      point(180, 9),
    ])
    expect(await store.timeline('pool/a', 0, 999)).toEqual([point(60, 7)])
    const scopes = (await store.timelineScopes(120)).toSorted((a, b) => (a.scope < b.scope ? -1 : 1))
    expect(scopes).toEqual([
      { scope: 'fleet', oldest: 180 },
      { scope: 'pool/a', oldest: 60 },
    ])
    await store.close()
    store = await open(dir)
    expect(await store.timeline('pool/a', 0, 999)).toEqual([point(60, 7)])
  })
})
