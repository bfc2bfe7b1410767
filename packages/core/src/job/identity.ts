import type { RunKey } from './job-doc.ts'

/** What a person or a program may mean by a job's id. */
export type JobLookup =
  | { kind: 'job'; jobId: string }
  | { kind: 'run'; jobId: string; restart: number }
  | { kind: 'array-task'; arrayJobId: number; task: string }
  | { kind: 'het-component'; hetJobId: number; offset: number }
  | { kind: 'sluid'; sluid: string }

/** Takes away the prefix `slurm-` of Slurm's own ids; any other text is an id as it is. */
export function normalizeJobId(text: string): string {
  if (!text.startsWith('slurm-')) return text
  return /^slurm-(\d+(?:[_+]\d+)?(?:-r\d+)?)$/.exec(text)?.[1] ?? text
}

/**
 * The job that holds the tasks of an array which wait, by its id as Slurm and `navarch jobs` print it: "100_[9-40%8]" and
 * "100_9-40" are job 100, under whose id Slurm keeps them. Undefined for any other id.
 */
export function waitingArrayOf(text: string): string | undefined {
  const [, arrayJobId, open, tasks, close] = /^(?:slurm-)?(\d{1,12})_(\[?)(\d[\d,:-]*)(?:%\d+)?(\]?)$/.exec(text) ?? []
  if (arrayJobId === undefined || tasks === undefined || (open === '') !== (close === '')) return undefined
  // One task may run by now, under an id of its own.
  return /^\d+$/.test(tasks) ? `${arrayJobId}_${tasks}` : arrayJobId
}

/** The id of one run, unique among the runs of a cluster: "812-r1". */
export function runId({ jobId, restart }: Pick<RunKey, 'jobId' | 'restart'>): string {
  return `${jobId}-r${restart}`
}

/** Whether an id would be taken for a run's or an array task's: clients of the API may not choose such a one. */
export function isReservedId(text: string): boolean {
  if (/^\d+$/.test(text)) return false
  return parseLookup(text).kind !== 'job'
}

/**
 * Reads an id: "812", "slurm-812", a run "812-r1", an array's task "100_3", a component "100+1" of a heterogeneous job, or a
 * SLUID (Slurm 25.11 and later: "s" and 13 characters of Crockford's base 32).
 */
export function parseLookup(text: string): JobLookup {
  const id = normalizeJobId(text)
  const run = /^(.*\d)-r(\d{1,9})$/.exec(id)
  if (run && /^\d+$/.test(run[1] ?? '')) return { kind: 'run', jobId: run[1] ?? '', restart: Number(run[2]) }
  const task = /^(\d{1,12})_(\d{1,9})$/.exec(id)
  if (task) return { kind: 'array-task', arrayJobId: Number(task[1]), task: String(Number(task[2])) }
  const component = /^(\d{1,12})\+(\d{1,6})$/.exec(id)
  if (component) return { kind: 'het-component', hetJobId: Number(component[1]), offset: Number(component[2]) }
  if (/^s[0-9A-HJKMNP-TV-Z]{13}$/.test(id)) return { kind: 'sluid', sluid: id }
  return { kind: 'job', jobId: id }
}

/** A run as a key of a map. Cluster and job id are written so that no two runs share one. */
export function runKeyText({ cluster, jobId, restart }: RunKey): string {
  return JSON.stringify([cluster, jobId, restart])
}
