import type { FleetNodeJson } from '@navarch/api/views'
import { namesIn } from '@navarch/core/demand/names-in'
import { isEmptyName } from '@navarch/core/overview/node-cell'
import type { JobRecord } from '@navarch/slurm/job-record'
import { hasAllocation } from '@navarch/slurm/job-state'
import type { NodeRecord } from '@navarch/slurm/node-record'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Fleet } from '../../fleet/fleet.ts'
import { ageBoundary, fleetRow, saysTheSame } from './fleet-row.ts'

export interface FleetRowsDeps {
  fleet: Pick<Fleet, 'nodes' | 'operations' | 'operationOf'>
  /** The newest look, and whether its word still counts. */
  slurm: () => { state: 'absent' | 'fresh' | 'stale'; snapshot: SlurmSnapshot | undefined }
  silentAfterMs: number
  now: () => number
  /** Told of every row that changed; undefined: the row is gone. */
  onChange?: (id: string, row: FleetNodeJson | undefined, at: number) => void
}

/** A row, and the revision that last changed it. */
export interface FleetRow {
  json: FleetNodeJson
  /** `json` as it is sent. */
  text: string
  revision: number
}

/** The rows of the fleet, kept up to date by recomputing only what may have changed. */
export interface FleetRows {
  /** Rises with each renewal that changed something. */
  revision(): number
  rows(): ReadonlyMap<string, FleetRow>
  /** What a node is made of has changed. */
  mark(id: string): void
  /** Slurm was looked at. */
  markLook(): void
  /**
   * Recomputes what was marked and what is due by age.
   * @param most rows to recompute at most; what is left stays marked
   * @returns how many marked rows are left
   */
  renew(most?: number): number
  /** What changed after a revision; undefined when that is not known any more, or is not one of ours. */
  since(revision: number): { changed: FleetRow[]; removed: string[] } | undefined
}

/** Nodes that went away, remembered for those who follow: more than these, and a follower gets everything. */
const rememberedRemovals = 5_000
/** How often rows are looked through for those that age has changed, ms. */
const sweepEveryMs = 1_000

/** Makes the rows. Revisions begin at the clock's time: those of an earlier process are never taken for ours. */
export function createFleetRows({ fleet, slurm, silentAfterMs, now, onChange }: FleetRowsDeps): FleetRows {
  const rows = new Map<string, FleetRow>()
  const removals = new Map<string, number>()
  const due = new Map<string, number>()
  const marked = new Set<string>(fleet.nodes.keys())
  let revision = now()
  let oldest = revision
  let looked: { snapshot: SlurmSnapshot | undefined; state: string } = { snapshot: undefined, state: '' }
  let records = new Map<string, NodeRecord>()
  let jobs = new Map<string, JobRecord[]>()
  let sweptAt = 0

  for (const operation of fleet.operations.values()) marked.add(operation.node)

  function takeLook(): void {
    const { snapshot, state } = slurm()
    if (snapshot === looked.snapshot && state === looked.state) return
    if (state !== looked.state) for (const name of rows.keys()) marked.add(name)
    if (snapshot !== looked.snapshot) {
      const before = { records, jobs }
      records = new Map(snapshot?.nodes.map((record) => [record.name, record]))
      jobs = jobsByNode(snapshot)
      for (const name of before.records.keys()) if (!records.has(name)) marked.add(name)
      for (const [name, record] of records) {
        const known = before.records.get(name)
        const same = known && saysTheSame(known, record) && sameJobs(before.jobs.get(name), jobs.get(name))
        if (!same) marked.add(name)
      }
    }
    looked = { snapshot, state }
  }

  function sweep(at: number): void {
    if (at - sweptAt < sweepEveryMs) return
    sweptAt = at
    for (const [id, end] of due) if (at >= end) marked.add(id)
  }

  /** @returns whether the row changed */
  function renewRow(id: string, at: number, next: number): boolean {
    const node = fleet.nodes.get(id)
    const record = records.get(id)
    const operation = fleet.operationOf(id)
    const state = slurm().state
    const before = rows.get(id)
    const gone = node === undefined || (node.status === 'terminated' && !operation)
    if (gone && !operation && (record === undefined || isEmptyName(record.state))) {
      due.delete(id)
      if (!before) return false
      rows.delete(id)
      removals.set(id, next)
      onChange?.(id, undefined, at)
      return true
    }
    const shown = node?.status === 'terminated' && !operation ? undefined : node
    const json = fleetRow({
      id,
      node: shown,
      record,
      jobs: jobs.get(id) ?? [],
      operation,
      slurm: state,
      silentAfterMs,
      before: before?.json,
      now: at,
    })
    const boundary = ageBoundary(shown, silentAfterMs, at)
    if (Number.isFinite(boundary)) due.set(id, boundary)
    else due.delete(id)
    const text = JSON.stringify(json)
    if (before?.text === text) return false
    rows.set(id, { json, text, revision: next })
    removals.delete(id)
    onChange?.(id, json, at)
    return true
  }

  function forgetOldRemovals(): void {
    for (const [id, at] of removals) {
      if (removals.size <= rememberedRemovals) return
      removals.delete(id)
      oldest = Math.max(oldest, at)
    }
  }

  return {
    revision: () => revision,
    rows: () => rows,
    mark: (id) => void marked.add(id),
    markLook: takeLook,
    renew(most = Number.POSITIVE_INFINITY) {
      const at = now()
      takeLook()
      sweep(at)
      const next = revision + 1
      let left = most
      let changed = false
      for (const id of marked) {
        if (left-- <= 0) break
        marked.delete(id)
        if (renewRow(id, at, next)) changed = true
      }
      if (changed) revision = next
      forgetOldRemovals()
      return marked.size
    },
    since(after) {
      if (after < oldest || after > revision) return undefined
      if (after === revision) return { changed: [], removed: [] }
      return {
        changed: [...rows.values()].filter((row) => row.revision > after),
        removed: [...removals].flatMap(([id, at]) => (at > after ? [id] : [])),
      }
    },
  }
}

function sameJobs(a: readonly JobRecord[] = [], b: readonly JobRecord[] = []): boolean {
  return a.length === b.length && a.every((job, index) => job.id === b[index]?.id && job.user === b[index]?.user)
}

/** Jobs that hold a node, by node. */
export function jobsByNode(snapshot: SlurmSnapshot | undefined): Map<string, JobRecord[]> {
  const found = new Map<string, JobRecord[]>()
  for (const job of snapshot?.jobs ?? []) {
    if (!hasAllocation(job.state)) continue
    for (const name of namesIn(job.nodes)) {
      const list = found.get(name)
      if (list) list.push(job)
      else found.set(name, [job])
    }
  }
  return found
}
