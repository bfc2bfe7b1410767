import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { RunCommand } from '@navarch/system/run-command'
import { z } from 'zod'
import type { PoolMetrics } from './pool-view.ts'

/**
 * Where a pool's demand and load come from. Slurm's queue and the agents' readings are built into the pool's view; what a
 * source says replaces them, value by value.
 */
export interface MetricsSource {
  /** @throws MetricsSourceError when there is no usable answer */
  read(pool: string, signal: AbortSignal): Promise<PoolMetrics>
}

/** A source that did not answer, or not in the form that it must. */
class MetricsSourceError extends Error {
  override name = 'MetricsSourceError'
  readonly code = 'metrics_source'
}

const deadlineMs = 10_000

const answer = z
  .strictObject({
    pending_jobs: z.int().min(0).optional(),
    running_jobs: z.int().min(0).optional(),
    utilization_percent: z.number().min(0).max(100).optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'none of pending_jobs, running_jobs, utilization_percent is there')

/** GETs JSON from an address, with `?pool=NAME`. */
function createHttpMetricsSource(url: string, fetchUrl: typeof fetch): MetricsSource {
  return {
    async read(pool, signal) {
      const address = new URL(url)
      address.searchParams.set('pool', pool)
      try {
        const response = await fetchUrl(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]) })
        if (!response.ok) throw new MetricsSourceError(`${address} answered ${response.status}`)
        return parse(await response.text(), String(address))
      } catch (error) {
        throw asSourceError(error, String(address))
      }
    },
  }
}

/** Runs a program with the pool's name as its argument and reads JSON from its output. */
function createCommandMetricsSource(command: readonly [string, ...string[]], run: RunCommand): MetricsSource {
  const [program, ...args] = command
  return {
    async read(pool, signal) {
      try {
        const result = await run(program, [...args, pool], { deadlineMs, signal, maxOutputBytes: 64 * 1024 })
        if (result.code !== 0) throw new MetricsSourceError(`${program} exited ${result.code}: ${result.stderr.trim()}`)
        return parse(result.stdout, program)
      } catch (error) {
        throw asSourceError(error, program)
      }
    },
  }
}

/** The source that a pool's labels name: `metrics_url` or `metrics_command`; undefined for Slurm and the agents. */
export function metricsSourceOf(
  pool: Pick<PoolSpec, 'labels'>,
  effects: { fetch: typeof fetch; run: RunCommand },
): MetricsSource | undefined {
  const { metrics_url: url, metrics_command: command } = pool.labels
  if (url !== undefined) return createHttpMetricsSource(url, effects.fetch)
  if (command === undefined) return undefined
  const [program = '', ...args] = command.split(/\s+/).filter((word) => word !== '')
  return createCommandMetricsSource([program, ...args], effects.run)
}

function parse(text: string, from: string): PoolMetrics {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new MetricsSourceError(`${from} did not answer with JSON: ${JSON.stringify(text.slice(0, 100))}`)
  }
  const parsed = answer.safeParse(value)
  if (!parsed.success) throw new MetricsSourceError(`${from}: ${z.prettifyError(parsed.error)}`)
  const { pending_jobs, running_jobs, utilization_percent } = parsed.data
  return {
    ...(pending_jobs !== undefined && { pendingJobs: pending_jobs }),
    ...(running_jobs !== undefined && { runningJobs: running_jobs }),
    ...(utilization_percent !== undefined && { utilizationPercent: utilization_percent }),
  }
}

function asSourceError(error: unknown, from: string): MetricsSourceError {
  if (error instanceof MetricsSourceError) return error
  return new MetricsSourceError(`${from}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
