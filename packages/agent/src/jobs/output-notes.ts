import type { HookEnvironment } from '@navarch/slurm/hook-environment'
import type { CommandOutcome } from '../commands.ts'
import { type AppendAsUser, NotAppended } from './append-as-user.ts'
import { fillOutputPath } from './output-path.ts'

/** Puts a few lines about a job that has ended here at the end of its output file. */
export interface OutputNotes {
  /** The epilog of a job ran here: its environment says whose it is, and where its output lies. */
  onEpilog(environment: HookEnvironment): void
  /**
   * Appends the lines that the control plane sends. Written once: a command that comes again is answered as the first time.
   * @param parameters `job_id`, `restart` where it is known, `path` where the epilog knew none, and `text`
   */
  write(parameters: Readonly<Record<string, string>>): Promise<CommandOutcome>
}

interface Ended {
  uid: number
  gid: number
  environment: HookEnvironment
  written?: Promise<CommandOutcome>
}

/** Jobs that are remembered, the oldest goes first: a note comes within minutes of the end. */
const mostRemembered = 2000
const mostCharacters = 4096

/**
 * Whom to trust: whose the job was is root's word (the epilog's), never the control plane's, so that nobody who may send commands
 * can write into a file of a user without a job that ended here, and but once.
 */
export function createOutputNotes(append: AppendAsUser | undefined): OutputNotes {
  const ended = new Map<string, Ended>()
  /** One after the other: a file server that hangs is waited for once. */
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = (work: () => Promise<CommandOutcome>): Promise<CommandOutcome> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
  const writeOnce = async ({ uid, gid, environment }: Ended, path: string, text: string): Promise<CommandOutcome> => {
    const pattern = environment['SLURM_JOB_STDOUT'] || path
    const target = fillOutputPath(pattern, environment)
    if (target === undefined)
      return failed(`the output file ${shown(pattern)} is a pattern that cannot be filled in here`)
    const refused = refusal(target, text)
    if (refused !== undefined) return failed(refused)
    if (!append) return failed('this agent starts no processes')
    try {
      await append({ uid, gid, path: target }, text)
      return { success: true, message: `written to ${target}` }
    } catch (error) {
      if (error instanceof NotAppended) return failed(`${target}: ${error.message}`)
      throw error
    }
  }

  return {
    onEpilog(environment) {
      const { SLURM_JOB_ID: jobId = '' } = environment
      const [uid, gid] = [environment['SLURM_JOB_UID'], environment['SLURM_JOB_GID']].map(idOf)
      if (jobId === '' || uid === undefined || gid === undefined) return
      ended.delete(jobId)
      ended.set(jobId, { uid, gid, environment })
      const [oldest] = ended.keys()
      if (ended.size > mostRemembered && oldest !== undefined) ended.delete(oldest)
    },
    write({ job_id: jobId = '', restart, path = '', text = '' }) {
      const job = ended.get(jobId)
      const { SLURM_JOB_RESTART_COUNT: ran = restart } = job?.environment ?? {}
      if (!job || ran !== restart) {
        const reason = `no epilog of job ${jobId.slice(0, 20)} ran here since this agent started`
        return Promise.resolve(failed(reason))
      }
      job.written ??= inTurn(() => writeOnce(job, path, text))
      return job.written
    },
  }
}

/** Why nothing is written to the path, or this text is not; undefined when it may be. */
function refusal(path: string, text: string): string | undefined {
  if (path === '' || path === '/dev/null') return 'the job has no output file'
  if (!path.startsWith('/') || path.length > 4096) return `the output file ${shown(path)} is no absolute path`
  if (/\p{Cc}/u.test(path)) return `the output file ${shown(path)} has control characters in its name`
  if (text === '' || text.length > mostCharacters)
    return `a text of ${text.length} characters: 1 to ${mostCharacters} are taken`
  return /[^\n\P{Cc}]/u.test(text) ? 'the text has control characters' : undefined
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200))
}

function failed(message: string): CommandOutcome {
  return { success: false, message: `no note in the output file: ${message}` }
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}
