import { gzipSync } from 'node:zlib'
import { formatDuration } from '@navarch/core/duration'
import { efficiencyOf, usageByNode, wallMs } from '@navarch/core/job/efficiency'
import { runId } from '@navarch/core/job/identity'
import type { RunKey } from '@navarch/core/job/job-doc'
import type { GpuUsage } from '@navarch/core/job/node-usage'
import { type JobView, viewJob } from '@navarch/core/job/view-job'
import { capabilitiesOf } from '@navarch/slurm/capabilities'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { JobStore } from '../store/job-store.ts'
import type { SlurmLink } from './slurm-link.ts'

/** Beginning of a comment that is a sentence of ours, and may be written again. */
const sentencePrefix = 'navarch: '

/**
 * The summary in the form that `jobstats` reads from AdminComment: "JS1:" and gzipped JSON in base 64
 * (https://github.com/PrincetonUniversity/jobstats). A node that was not measured is left out; "JS1:None" when none was.
 */
export function jobstatsComment(view: JobView): string {
  const nodes = Object.fromEntries(
    Object.entries(usageByNode({ view, usage: {} })).flatMap(([node, figures]) => {
      const total = figures.memoryLimitBytes ?? perNodeBytes(view)
      const { cpuSeconds, cpus, memoryMaxBytes } = figures
      if (cpuSeconds === undefined || cpus === undefined || memoryMaxBytes === undefined || total === undefined)
        return []
      const gpus = (value: (gpu: GpuUsage) => number | undefined) =>
        Object.fromEntries(
          figures.gpus.flatMap((gpu, position) => {
            const known = value(gpu)
            return known === undefined ? [] : [[String(gpu.index ?? position), known]]
          }),
        )
      const measured = {
        cpus,
        total_time: Number(cpuSeconds.toFixed(1)),
        total_memory: total,
        used_memory: memoryMaxBytes,
        ...(figures.gpus.length > 0 && {
          gpu_utilization: gpus(({ utilizationMean }) => utilizationMean && Number(utilizationMean.toFixed(1))),
          gpu_used_memory: gpus((gpu) => gpu.memoryMaxBytes),
          gpu_total_memory: gpus((gpu) => gpu.memoryTotalBytes),
        }),
      }
      return [[node, measured]]
    }),
  )
  if (Object.keys(nodes).length === 0) return 'JS1:None'
  const seconds = Math.round((wallMs(view, view.endTime ?? 0) ?? 0) / 1000)
  const summary = { nodes, total_time: seconds, gpus: view.allocated.gpus ?? view.gpus.length }
  return `JS1:${gzipSync(JSON.stringify(summary)).toString('base64')}`
}

/** The summary as a sentence: what is not known is left out. */
export function sentenceComment(view: JobView): string {
  const { cpu, memory, gpu, walltimeSeconds } = efficiencyOf({ view, usage: {}, now: view.endTime ?? 0 })
  const after = walltimeSeconds === undefined ? '' : ` after ${formatDuration(Math.round(walltimeSeconds) * 1000)}`
  const parts = Object.entries({ cpu, memory, gpu }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${Math.round(value)} %`],
  )
  return [`${sentencePrefix}${view.rawState.toLowerCase()}${after}`, ...parts].join(', ')
}

function perNodeBytes({ allocated, nodes }: JobView): number | undefined {
  const { memoryMb } = allocated
  return memoryMb === undefined || nodes.length === 0 ? undefined : (memoryMb * 1024 * 1024) / nodes.length
}

/** Whether a comment that is there is nobody else's. */
export function mayReplace(existing: string | undefined): boolean {
  return existing === undefined || existing.startsWith(sentencePrefix)
}

/** Writes summaries of ended jobs into their AdminComment. */
export interface AdminComments {
  want(run: RunKey): void
  /** Writes some of those that are due. Never rejects for Slurm's sake. */
  write(): Promise<void>
}

/** Time for the last figures of the nodes, and for slurmctld to send the job to accounting, ms. */
const delayMs = 60_000
const atOnce = 4
const mostTries = 5
const mostWaiting = 10_000

export function createAdminComments({
  store,
  slurm,
  clock,
  log,
}: {
  store: Pick<JobStore, 'find'>
  slurm: Pick<SlurmLink, 'jobs'>
  clock: Clock
  log: Log
}): AdminComments {
  const waiting = new Map<string, { id: number; cluster: string; dueAt: number; tries: number }>()

  async function writeOne(key: string, id: number, cluster: string): Promise<void> {
    const run = (await store.find(key)).find((found) => found.cluster === cluster)
    if (!run || run.supersededAt !== undefined) return
    if (!mayReplace(await slurm.jobs.adminComment(id))) return
    const { keepsCommentCase } = capabilitiesOf(await slurm.jobs.version())
    const view = viewJob(run)
    await slurm.jobs.setAdminComment(id, keepsCommentCase ? jobstatsComment(view) : sentenceComment(view))
  }

  return {
    want(run) {
      if (!/^\d+$/.test(run.jobId) || waiting.size >= mostWaiting) return
      const { cluster } = run
      waiting.set(runId(run), { id: Number(run.jobId), cluster, dueAt: clock.now() + delayMs, tries: 0 })
    },
    async write() {
      const due = [...waiting].filter(([, { dueAt }]) => dueAt <= clock.now()).slice(0, atOnce)
      for (const [key, item] of due) {
        try {
          await writeOne(key, item.id, item.cluster)
          waiting.delete(key)
        } catch (error) {
          if (!(error instanceof SlurmError)) throw error
          item.tries++
          item.dueAt = clock.now() + delayMs * 2 ** item.tries
          if (item.tries < mostTries && error.code !== 'refused') continue
          waiting.delete(key)
          log.warn('AdminComment is not written', { job: key, error: error.message })
        }
      }
    },
  }
}
