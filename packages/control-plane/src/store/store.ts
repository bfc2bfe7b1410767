import type { Finding } from '@navarch/core/health/finding'
import type { FleetNode } from '@navarch/core/node/node'
import type { Operation } from '@navarch/core/operation/operation'
import type { PoolMemory } from '@navarch/core/pool/pool'
import type { AlertChange, AlertReads } from './alerts/alert-records.ts'
import type { ApiTokenRecord, SessionRecord } from './credential-records.ts'

/** A machine that was launched, kept after its end as history. */
export interface MachineRecord {
  /** The launch's token: known before the machine is. */
  token: string
  /** The provider's id; undefined until the launch answered. */
  id?: string
  provider: string
  pool: string
  node: string
  region: string
  zone: string
  instanceType: string
  address?: string
  state: 'launching' | 'running' | 'terminating' | 'terminated' | 'failed'
  /** Why it is in that state, where there is more to say. */
  message: string
  createdAt: number
  readyAt?: number
  terminatedAt?: number
}

/** A line of the fleet's history. Never changed, never removed by the product's own hand. */
export interface HistoryEvent {
  /** Rises by one with each event. */
  seq: number
  at: number
  /** e.g. "node-status", "finding", "operation-step". */
  type: string
  pool: string
  node: string
  operation: string
  message: string
}

/** What one bootstrap did, command by command. Secrets have been taken out. */
export interface BootstrapRecord {
  id: string
  node: string
  pool: string
  startedAt: number
  durationMs: number
  sshWaitMs: number
  success: boolean
  error: string
  commands: { command: string; stdout: string; stderr: string; exitCode: number; durationMs: number }[]
}

/** A command for a node's agent. */
export interface CommandRecord {
  id: string
  node: string
  /** NodeCommandType's number. */
  type: number
  parameters: Record<string, string>
  issuedAt: number
  acknowledgedAt?: number
  success?: boolean
  message?: string
}

/** One change of the stored state. Changes that are committed together are stored together or not at all. */
export type Change =
  | { kind: 'node'; node: FleetNode }
  | { kind: 'node-removed'; id: string }
  | { kind: 'operation'; operation: Operation }
  | { kind: 'pool'; memory: PoolMemory }
  | { kind: 'machine'; machine: MachineRecord }
  | { kind: 'finding'; finding: Finding }
  | { kind: 'bootstrap'; record: BootstrapRecord }
  | { kind: 'command'; command: CommandRecord }
  | { kind: 'event'; event: HistoryEvent }
  | { kind: 'api-token'; token: ApiTokenRecord }
  | { kind: 'api-token-removed'; id: string }
  | { kind: 'session'; session: SessionRecord }
  | { kind: 'session-removed'; id: string }

/** All that the control plane needs in memory. Operations and machines that are over are history and not among it. */
export interface StoredState {
  nodes: FleetNode[]
  operations: Operation[]
  pools: PoolMemory[]
  machines: MachineRecord[]
  commands: CommandRecord[]
  /** The newest event's number; 0 when there is none. */
  lastSeq: number
}

/** Which events are asked for; what is left out is not asked about. Times are ms since the epoch, both ends included. */
export interface EventQuery {
  from: number
  to: number
  node?: string
  pool?: string
  types?: readonly string[]
  limit: number
}

/** Figures of the fleet or of a pool at one moment, by name; undefined ones are left out: they were not known. */
export interface TimelinePoint {
  /** ms since the epoch. */
  at: number
  /** How long it stands for, ms. */
  spanMs: number
  values: Readonly<Record<string, number>>
}

/** Durable state of one control plane. Two processes never open the same one. */
export interface Store {
  /** e.g. "sqlite:/var/lib/navarch/navarch.db" */
  readonly description: string
  load(): Promise<StoredState>
  /** Resolves when all changes are on disk; rejects, and stores none of them, when one cannot be stored. */
  commit(changes: readonly Change[]): Promise<void>
  /** Alerts, with a commit of their own that is whole or not at all likewise. */
  readonly alerts: AlertReads & { commit(changes: readonly AlertChange[]): Promise<void> }
  /** Tokens that were made here, and browsers' sessions. */
  credentials(): Promise<{ tokens: ApiTokenRecord[]; sessions: SessionRecord[] }>
  /** Events with a greater number, oldest first. */
  eventsSince(seq: number, limit: number): Promise<HistoryEvent[]>
  /** The newest events that match, newest first. */
  eventsOf(query: EventQuery): Promise<HistoryEvent[]>
  /** A node's findings, newest first. */
  findings(node: string, limit: number): Promise<Finding[]>
  /** A node's bootstraps, oldest first. */
  bootstraps(node: string, limit: number): Promise<BootstrapRecord[]>
  /** Newest first, those that are over too. */
  operations(limit: number): Promise<Operation[]>
  operation(id: string): Promise<Operation | undefined>
  /** Newest first, those that are gone too. */
  machineHistory(limit: number): Promise<MachineRecord[]>
  /** Keeps points of a scope ("fleet", "pool/train"); one of the same moment is replaced. */
  addTimeline(points: readonly (TimelinePoint & { scope: string })[]): Promise<void>
  /** A scope's points of a stretch of time, both ends included, oldest first. */
  timeline(scope: string, from: number, to: number): Promise<TimelinePoint[]>
  /** Puts points in place of all those that a scope has in a stretch of time, both ends included, at once. */
  replaceTimeline(scope: string, from: number, to: number, points: readonly TimelinePoint[]): Promise<void>
  /** The scopes that have points, with the time of the oldest point whose span is shorter than this. */
  timelineScopes(shorterThanMs: number): Promise<{ scope: string; oldest: number }[]>
  close(): Promise<void>
}

/** Whether an operation or machine in this state is over, and so is history. */
export function isOver(state: string): boolean {
  return state === 'succeeded' || state === 'cancelled' || state === 'failed' || state === 'terminated'
}

/** The stored data cannot be used: made by a newer version, locked by another process, or damaged. */
export class StoreError extends Error {
  override name = 'StoreError'
  readonly code = 'store'
}

/** Why data of a newer version cannot be opened. @param version the data's schema, `known` the newest that we know */
export function newerSchema(version: number, known: number): string {
  return `it was written by a newer version (schema ${version}, this one knows ${known})`
}
