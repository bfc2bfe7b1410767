import type { FleetNodeJson } from '@navarch/api/views'
import { isEmptyName } from '@navarch/core/overview/node-cell'
import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Fleet } from '../../fleet/fleet.ts'
import { noPlaces, type Places } from '../../slurm/places.ts'
import { ageBoundary, fleetRow, saysTheSame } from './fleet-row.ts'
import { indexJobs, type JobIndex, noJobs } from './job-index.ts'

export interface FleetRowsDeps {
  fleet: Pick<Fleet, 'nodes' | 'operations' | 'operationOf'>
  /** The newest look, and whether its word still counts. */
  slurm: () => { state: 'absent' | 'fresh' | 'stale'; snapshot: SlurmSnapshot | undefined }
  /** Where Slurm's topology has the nodes; another map each time it has changed. */
  places?: () => Places
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
  /** Jobs that hold a node, by the look that the rows were made of. */
  jobsOn(id: string): readonly JobRecord[]
  /**
   * Compares a new look with the one before, and then recomputes what was marked and what is due by age.
   * @param most rows to recompute at most, or some times as many to compare; what is left waits for the next call
   * @returns how many are left at least: 0 when all is done
   */
  renew(most?: number): number
  /** What changed after a revision; undefined when that is not known any more, or is not one of ours. */
  since(revision: number): { changed: FleetRow[]; removed: string[] } | undefined
}

/** Nodes that went away, remembered for those who follow: more than these, and a follower gets everything. */
const rememberedRemovals = 5_000
/** Nodes of two looks that are compared in the time that it takes to recompute one row. */
const comparedForOne = 4
/** How often rows are looked through for those that age has changed, ms. */
const sweepEveryMs = 1_000

/** Makes the rows. Revisions begin at the clock's time: those of an earlier process are never taken for ours. */
export function createFleetRows(deps: FleetRowsDeps): FleetRows {
  const { fleet, slurm, places: placesNow = () => noPlaces, silentAfterMs, now, onChange } = deps
  const rows = new Map<string, FleetRow>()
  const removals = new Map<string, number>()
  const due = new Map<string, number>()
  const marked = new Set<string>(fleet.nodes.keys())
  let revision = now()
  let oldest = revision
  let looked: ReturnType<typeof slurm> = { snapshot: undefined, state: 'absent' }
  let records = new Map<string, NodeRecord>()
  let jobs = noJobs
  let places = noPlaces
  /** The look before, and the nodes of the newest one that are still to be compared with it. */
  let comparing: { records: typeof records; jobs: JobIndex; names: Iterator<string>; left: number } | undefined
  let sweptAt = 0

  for (const operation of fleet.operations.values()) marked.add(operation.node)

  /** @returns whether there is a new look to compare, which takes some milliseconds to begin with */
  function takeLook(): boolean {
    const { snapshot, state } = slurm()
    const located = placesNow()
    if (snapshot === looked.snapshot && state === looked.state && located === places) return false
    if (state !== looked.state || located !== places) for (const name of rows.keys()) marked.add(name)
    const isNew = snapshot !== looked.snapshot
    if (isNew) beginComparing(snapshot)
    looked = { snapshot, state }
    places = located
    return isNew
  }

  function beginComparing(snapshot: SlurmSnapshot | undefined): void {
    compareSome(Number.POSITIVE_INFINITY)
    const before = { records, jobs }
    records = new Map(snapshot?.nodes.map((record) => [record.name, record]))
    jobs = indexJobs(snapshot?.jobs ?? [], before.jobs)
    for (const name of before.records.keys()) if (!records.has(name)) marked.add(name)
    comparing = { ...before, names: records.keys(), left: records.size }
  }

  /** Marks the nodes of which the newest look says something else than the one before. */
  function compareSome(most: number): void {
    for (let turn = 0; comparing && turn < most; turn++) {
      const { value: name, done } = comparing.names.next()
      if (done) {
        comparing = undefined
        return
      }
      comparing.left--
      const [known, record] = [comparing.records.get(name), records.get(name)]
      const same =
        known &&
        record &&
        saysTheSame(known, record) &&
        sameJobs(comparing.jobs.byNode.get(name), jobs.byNode.get(name))
      if (!same) marked.add(name)
    }
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
      jobs: jobs.byNode.get(id) ?? [],
      operation,
      slurm: looked.state,
      place: places.get(id),
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
    jobsOn: (id) => jobs.byNode.get(id) ?? [],
    renew(most = Number.POSITIVE_INFINITY) {
      const at = now()
      const isNew = takeLook()
      sweep(at)
      if (!isNew || most === Number.POSITIVE_INFINITY) compareSome(most * comparedForOne)
      if (comparing) return marked.size + comparing.left + 1
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
