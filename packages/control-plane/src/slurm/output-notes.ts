import type { JobReportJson } from '@navarch/api/jobs'
import { runId } from '@navarch/core/job/identity'
import type { RunKey } from '@navarch/core/job/job-doc'
import { viewJob } from '@navarch/core/job/view-job'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { JobStore } from '../store/job-store.ts'
import { outputBlock } from './output-block.ts'

/** Has the agents write how jobs ended into their output files. */
export interface OutputNotes {
  want(run: RunKey): void
  /** Hands on some of those that are due. Never rejects for an agent's sake. */
  write(): Promise<void>
}

export interface OutputNoteEffects {
  /** The report of a run by its id, "812-r1". */
  report(runId: string): Promise<JobReportJson>
  /** Gives the node's agent a command that it carries out once it is linked. Rejects where the node has no agent. */
  send(node: string, parameters: Record<string, string>): Promise<unknown>
}

/** Time for the epilogs of all nodes and their last figures, ms. */
const delayMs = 20_000
const atOnce = 20
const mostWaiting = 10_000

/** What an agent is to write, and on which node: the first of the job, which ran its script. Undefined: there is no such file. */
export async function noteOf(
  store: Pick<JobStore, 'find'>,
  report: OutputNoteEffects['report'],
  key: string,
  cluster: string,
): Promise<{ node: string; parameters: Record<string, string> } | undefined> {
  const run = (await store.find(key)).find((found) => found.cluster === cluster)
  // A requeued job goes on in the same file.
  if (!run || run.supersededAt !== undefined || run.deletedAt !== undefined) return undefined
  const { jobId, restart, nodes, startTime, stdout } = viewJob(run)
  const [node] = nodes
  if (node === undefined || startTime === undefined || stdout === '/dev/null') return undefined
  const text = outputBlock(await report(key))
  return { node, parameters: { job_id: jobId, restart: String(restart), path: stdout ?? '', text } }
}

export function createOutputNotes({
  store,
  clock,
  log,
  report,
  send,
}: OutputNoteEffects & { store: Pick<JobStore, 'find'>; clock: Clock; log: Log }): OutputNotes {
  const waiting = new Map<string, { cluster: string; dueAt: number }>()
  /** Slurm may tell of an end more than once: its controller, and later accounting. */
  const wanted = new Set<string>()
  return {
    want(run) {
      const key = runId(run)
      if (!/^\d+$/.test(run.jobId) || waiting.size >= mostWaiting || wanted.has(key)) return
      waiting.set(key, { cluster: run.cluster, dueAt: clock.now() + delayMs })
      wanted.add(key)
      const [oldest] = wanted
      if (wanted.size > mostWaiting && oldest !== undefined) wanted.delete(oldest)
    },
    async write() {
      const due = [...waiting].filter(([, { dueAt }]) => dueAt <= clock.now()).slice(0, atOnce)
      for (const [key, { cluster }] of due) {
        waiting.delete(key)
        try {
          const note = await noteOf(store, report, key, cluster)
          if (note) await send(note.node, note.parameters)
        } catch (error) {
          log.warn('no note in the output file of a job', {
            job: key,
            error: error instanceof Error ? error.message : String(error),
          })
        }
      }
    },
  }
}
