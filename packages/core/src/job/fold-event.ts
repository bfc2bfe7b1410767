import type { FinishFacts, JobDoc, StartFacts, WholeFacts } from './job-doc.ts'
import type {
  JobChanged,
  JobCreated,
  JobEvent,
  JobFinished,
  JobRecorded,
  JobStarted,
  SlurmJobFacts,
} from './job-event.ts'
import { joinFields } from './join.ts'
import { isFinalRecord, isFinalState, stateOfRecord } from './slurm-word.ts'
import { viewJob } from './view-job.ts'

/** What an event did. `skipped`: nothing that was not known already. */
export interface FoldOutcome {
  status: 'created' | 'updated' | 'skipped' | 'conflict' | 'not-found'
  message: string
  /** The run that the event is about; undefined when there is none. */
  restart?: number
}

export interface Folded {
  /** Runs that are not as they were, whole. */
  changed: readonly JobDoc[]
  outcome: FoldOutcome
}

/**
 * Adds an event to what is known of a job.
 *
 * Hooks', agents' and Slurm's events may come in any order, twice, late, and from several nodes: the documents at the end are the
 * same, since all that they say is joined (see join.ts). This holds for events that say which run they are about; one that does not
 * is about the newest run that is known when it comes; a start or an end about the newest that had begun when it happened. What
 * clients of the API change is taken in the order in which it comes.
 * @param runs all runs of the event's job that are known, in any order
 */
export function foldEvent(runs: readonly JobDoc[], event: JobEvent): Folded {
  const restart = runOf(runs, event)
  const before = runs.find((run) => run.restart === restart)
  const alive = before !== undefined && before.deletedAt === undefined
  const nothing = (status: FoldOutcome['status'], message: string): Folded => ({
    changed: [],
    outcome: { status, message, ...(before && { restart }) },
  })
  if (event.kind === 'created' && alive) return nothing('conflict', 'there is a job of this id already')
  if ((event.kind === 'changed' || event.kind === 'deleted') && !alive)
    return nothing('not-found', 'there is no such job')
  if (before?.deletedAt !== undefined && event.kind !== 'created') return nothing('skipped', 'the job was deleted')

  const base = alive ? before : newDoc(event, restart)
  const after = add(base, event)
  if (alive && after === before) return nothing('skipped', skippedMessages[event.kind])
  const changed = supersede([...runs.filter((run) => run.restart !== restart), after], runs)
  const created = !alive
  return {
    changed,
    outcome: { status: created ? 'created' : 'updated', message: messageOf(event, created), restart },
  }
}

/** The run that an event is about. */
function runOf(runs: readonly JobDoc[], { kind, job, at }: JobEvent): number {
  if (job.restart !== undefined) return job.restart
  const named = job.sluid === undefined ? undefined : runs.find((run) => run.sluid === job.sluid)
  if (named) return named.restart
  const restarts = runs.map(({ restart }) => restart)
  if (kind !== 'started' && kind !== 'finished') return Math.max(0, ...restarts)
  // A late word about a run is not about one that began after it.
  const begun = runs.filter((run) => Math.min(run.firstAt, run.slurm?.startTime ?? run.firstAt) <= at)
  return begun.length > 0
    ? Math.max(...begun.map(({ restart }) => restart))
    : restarts.length > 0
      ? Math.min(...restarts)
      : 0
}

function newDoc({ job, at }: JobEvent, restart: number): JobDoc {
  return { cluster: job.cluster, jobId: job.jobId, restart, firstAt: at, started: {}, finished: {} }
}

/** The document with the event; the same object when it adds nothing. */
function add(doc: JobDoc, event: JobEvent): JobDoc {
  const { sluid } = event.job
  const named = sluid !== undefined && (doc.sluid === undefined || sluid > doc.sluid) ? { ...doc, sluid } : doc
  const seen = event.at < named.firstAt ? { ...named, firstAt: event.at } : named
  switch (event.kind) {
    case 'started':
      return addStart(seen, event)
    case 'finished':
      return addFinish(seen, event)
    case 'recorded':
      return addRecord(seen, event)
    case 'created':
      return { ...seen, created: createdFacts(event) }
    case 'changed':
      return addChange(seen, event)
    case 'deleted':
      return { ...seen, deletedAt: event.at }
  }
}

function addStart(doc: JobDoc, event: JobStarted): JobDoc {
  const told = addWhole(doc, pick(event, wholeKeys))
  const part = pick(event, startKeys)
  const node = part.node ?? ''
  const before = doc.started[node]
  // The earliest start counts, all else is joined.
  const after: StartFacts = before ? earliest(joinFields(before, { ...part, at: before.at }), before, part.at) : part
  return after === before ? told : { ...told, started: { ...doc.started, [node]: after } }
}

const wholeKeys = keysOf<WholeFacts>({
  ...{ user: true, nodes: true, name: true, account: true, partition: true, qos: true, workDir: true, group: true },
})
const startKeys = keysOf<StartFacts>({
  ...{ at: true, node: true, cpus: true, memoryMb: true, cgroupPath: true },
  ...{ gpuCount: true, gpuVendor: true, gpuDevices: true, gpus: true },
})
const finishKeys = keysOf<FinishFacts>({ at: true, node: true, exit: true, claimedState: true, usage: true })

/** All keys of a record: one that is missing here is an error of types. */
function keysOf<T>(keys: Record<keyof T, true>): readonly (keyof T)[] {
  return Object.keys(keys) as (keyof T)[]
}

/** A rest parameter would do, at several times the cost. */
function pick<T, K extends keyof T>(record: T, keys: readonly K[]): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {}
  for (const key of keys) {
    const value = record[key]
    if (value !== undefined) picked[key] = value
  }
  // Keys that are not there are optional ones.
  return picked as Pick<T, K>
}

function addWhole(doc: JobDoc, facts: WholeFacts): JobDoc {
  const before = doc.whole ?? nothingTold
  const whole = joinFields(before, facts)
  return whole === before ? doc : { ...doc, whole }
}

const nothingTold: WholeFacts = {}

function earliest(joined: StartFacts, before: StartFacts, at: number): StartFacts {
  return at < before.at ? { ...joined, at } : joined
}

function addFinish(doc: JobDoc, event: JobFinished): JobDoc {
  const { nodes } = event
  const told = nodes ? addWhole(doc, { nodes }) : doc
  const part = pick(event, finishKeys)
  const node = part.node ?? ''
  const before = doc.finished[node]
  const after: FinishFacts = before ? joinFinish(before, part) : part
  return after === before ? told : { ...told, finished: { ...doc.finished, [node]: after } }
}

/** The latest time; the exit status that tells more; the usage of the most readings. */
function joinFinish(a: FinishFacts, b: FinishFacts): FinishFacts {
  const { exit: exitA, usage: usageA, ...restA } = a
  const { exit: exitB, usage: usageB, ...restB } = b
  const exit = greater(exitA, exitB, (value) => [value.signal, value.status])
  const usage = greater(usageA, usageB, (value) => [value.readings, value.until])
  const rest = joinFields(restA, restB)
  if (rest === restA && exit === exitA && usage === usageA) return a
  return { ...rest, ...(exit && { exit }), ...(usage && { usage }) }
}

/** The greater by the numbers, and then by JSON. */
function greater<T>(a: T | undefined, b: T | undefined, rank: (value: T) => readonly number[]): T | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const [ranksA, ranksB] = [rank(a), rank(b)]
  for (const [index, value] of ranksA.entries()) {
    const other = ranksB[index] ?? 0
    if (value !== other) return value > other ? a : b
  }
  return JSON.stringify(a) >= JSON.stringify(b) ? a : b
}

function addRecord(doc: JobDoc, { record, at }: JobRecorded): JobDoc {
  const { startTime, ...waiting } = record
  // The start of a job that waits is Slurm's guess.
  const said = startTime !== undefined && stateOfRecord(record) === 'pending' ? waiting : record
  const fresh = { ...said, at }
  const slurm = doc.slurm === undefined || outranks(fresh, doc.slurm) ? fresh : doc.slurm
  const {
    state: _state,
    from: _from,
    priority: _priority,
    reason: _reason,
    endTime: _end,
    exit: _exit,
    // The longest list of predecessors is the oldest one.
    dependency: _dependency,
    ...lasting
  } = said
  const slurmEver = joinFields(doc.slurmEver ?? {}, lasting)
  if (slurm === doc.slurm && slurmEver === doc.slurmEver) return doc
  return { ...doc, slurm, slurmEver }
}

const trust: readonly SlurmJobFacts['from'][] = ['squeue', 'scontrol', 'slurmrestd', 'sacct']

/** Whether Slurm's word `a` is to be believed rather than `b`: one about the end, then the newer, then accounting's. */
function outranks(a: SlurmJobFacts & { at: number }, b: SlurmJobFacts & { at: number }): boolean {
  const rank = (word: SlurmJobFacts & { at: number }) => [
    isFinalRecord(word) ? 1 : 0,
    word.at,
    trust.indexOf(word.from),
  ]
  return a !== b && greater(a, b, rank) === a && JSON.stringify(a) !== JSON.stringify(b)
}

function createdFacts({ at, user, nodes, facts, schedulerType, extra }: JobCreated): NonNullable<JobDoc['created']> {
  return { at, user, nodes, ...(facts && { facts }), ...(schedulerType && { schedulerType }), ...(extra && { extra }) }
}

/** A final state stays; figures may still be set. */
function addChange(doc: JobDoc, { change, at }: JobChanged): JobDoc {
  const { state, ...figures } = change
  const frozen = isFinalState(viewJob(doc).state)
  const wanted = frozen || state === undefined ? figures : { ...figures, state }
  const current = doc.changed ?? { at }
  const differs = Object.entries(wanted).some(([key, value]) => current[key as keyof typeof wanted] !== value)
  return differs ? { ...doc, changed: { ...current, ...wanted, at } } : doc
}

/** Tells every run below a later one that it was followed, and since when. @returns the runs that differ from `before` */
function supersede(runs: readonly JobDoc[], before: readonly JobDoc[]): readonly JobDoc[] {
  if (runs.length === 1 && runs[0]?.supersededAt === undefined) return runs
  const settled = runs.map((run) => {
    const later = runs.filter((other) => other.restart > run.restart && other.deletedAt === undefined)
    const since = later.length === 0 ? undefined : Math.min(...later.map((other) => other.firstAt))
    if (run.supersededAt === since) return run
    const { supersededAt: _, ...rest } = run
    return since === undefined ? rest : { ...rest, supersededAt: since }
  })
  return settled.filter((run) => !before.includes(run))
}

const skippedMessages: Record<JobEvent['kind'], string> = {
  started: 'the start was known already',
  finished: 'the end was known already',
  recorded: "Slurm's record was known already",
  created: 'the job was known already',
  changed: 'nothing differs, or the job has ended',
  deleted: 'the job was deleted already',
}

function messageOf(event: JobEvent, created: boolean): string {
  const where = 'node' in event && event.node !== undefined ? ` on ${event.node}` : ''
  switch (event.kind) {
    case 'started':
      return created ? `the job started${where}` : `start${where} added`
    case 'finished':
      return created ? `the job ended${where}; its start is not known yet` : `end${where} added`
    case 'recorded':
      return `Slurm says ${event.record.state}`
    case 'created':
      return 'the job was created'
    case 'changed':
      return 'the job was changed'
    case 'deleted':
      return 'the job was deleted'
  }
}
