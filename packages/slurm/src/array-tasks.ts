import { SlurmParseError } from './slurm-error.ts'

/** Task ids of a job array. */
export interface ArrayTasks {
  /** Without brackets and limit: "1,3,5-7", "1-9:2". */
  tasks: string
  count: number
  /** Most that may run at once (`%4`). */
  limit?: number
}

const part = /^(\d{1,10})(?:-(\d{1,10})(?::(\d{1,10}))?)?$/

/**
 * Parses task ids as Slurm prints them: `1-9:2`, `1,3,5-7%4`, `[3-20%2]`, `7`.
 * @throws SlurmParseError; also for a list that was cut ("…,57,..."), which `SLURM_BITSTR_LEN=0` prevents
 */
export function parseArrayTasks(text: string): ArrayTasks {
  const [, body = '', limit] = /^\[?([^[\]%]*)(?:%(\d{1,10}))?\]?$/.exec(text.trim()) ?? []
  if (body.endsWith('...')) throw new SlurmParseError('a list of array tasks that was cut short', text)
  const count = body.split(',').reduce((sum, item) => sum + stepsOf(item, text).count, 0)
  return limit === undefined || Number(limit) === 0
    ? { tasks: body, count }
    : { tasks: body, count, limit: Number(limit) }
}

/**
 * The task ids themselves, in the order they are written.
 * @param most error when there are more; MaxArraySize is at most 4,000,001
 * @throws SlurmParseError
 */
export function expandArrayTasks(tasks: string, most = 4_000_001): number[] {
  const parsed = parseArrayTasks(tasks)
  if (parsed.count > most) throw new SlurmParseError(`${parsed.count} array tasks, more than ${most}`, tasks)
  return parsed.tasks.split(',').flatMap((item) => {
    const { first, step, count } = stepsOf(item, tasks)
    return Array.from({ length: count }, (_, index) => first + index * step)
  })
}

function stepsOf(item: string, whole: string): { first: number; step: number; count: number } {
  const match = part.exec(item)
  if (!match) throw new SlurmParseError(`not array tasks (${JSON.stringify(item)})`, whole)
  const [, low = '', high = low, stride = '1'] = match
  const [first, last, step] = [Number(low), Number(high), Number(stride)]
  if (last < first || step < 1) throw new SlurmParseError('array tasks that run backwards', whole)
  return { first, step, count: Math.floor((last - first) / step) + 1 }
}
