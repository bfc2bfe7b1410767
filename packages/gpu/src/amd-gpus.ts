import { CommandTimeoutError, type RunCommand } from '@navarch/system/run-command'
import { singleFlight } from '@navarch/system/single-flight'
import {
  type AmdIdentity,
  amdSmiListArguments,
  amdSmiMetricArguments,
  amdSmiStaticArguments,
  parseAmdIdentities,
  parseAmdMetrics,
} from './amd-smi.ts'
import type { GpuReading } from './gpu-reading.ts'
import type { GpuLook, NvidiaSmi } from './nvidia-smi.ts'
import { parseRocmSmi, rocmSmiArguments } from './rocm-smi.ts'

export interface AmdGpusOptions {
  run: RunCommand
  /** How long one call may take, ms. Default 20,000. */
  deadlineMs?: number
  signal?: AbortSignal
}

/**
 * AMD's GPUs, by `amd-smi` where it is there and by `rocm-smi` otherwise. Looks never throw; one that fails says why, and the
 * next one tries again.
 */
export function createAmdGpus({ run, deadlineMs = 20_000, signal }: AmdGpusOptions): NvidiaSmi {
  let identities: ReadonlyMap<number, AmdIdentity> | undefined
  let tool: 'amd-smi' | 'rocm-smi' = 'amd-smi'

  const call = async (program: string, args: readonly string[]): Promise<string> => {
    const result = await run(program, args, { deadlineMs, ...(signal && { signal }) })
    if (result.code !== 0)
      throw new Error(`${program} ended with ${result.code}: ${result.stderr.trim().slice(0, 500)}`)
    return result.stdout
  }
  const byAmdSmi = async (): Promise<GpuReading[]> => {
    identities ??= parseAmdIdentities(
      await call('amd-smi', amdSmiListArguments),
      await call('amd-smi', amdSmiStaticArguments),
    )
    const gpus = parseAmdMetrics(await call('amd-smi', amdSmiMetricArguments), identities)
    // A GPU that came, or was divided anew: who is who is asked again.
    if (gpus.some(({ index }) => index === undefined || !identities?.has(index))) identities = undefined
    return gpus
  }
  const look = async (): Promise<GpuLook> => {
    try {
      if (tool === 'amd-smi') {
        const gpus = await byAmdSmi().catch((error: unknown) => {
          // The tools name a GPU differently: one that has answered is not left for the other.
          if (error instanceof CommandTimeoutError || identities) throw error
          return undefined
        })
        if (gpus) return { kind: 'readings', gpus }
      }
      const gpus = parseRocmSmi(await call('rocm-smi', rocmSmiArguments))
      tool = 'rocm-smi'
      return { kind: 'readings', gpus }
    } catch (error) {
      tool = 'amd-smi'
      if (error instanceof CommandTimeoutError)
        return { kind: 'failed', failure: { kind: 'stuck', afterMs: deadlineMs } }
      const detail = error instanceof Error ? error.message : String(error)
      return { kind: 'failed', failure: { kind: 'missing', detail } }
    }
  }
  return { look: singleFlight(look) }
}

/**
 * GPUs of both vendors as one look. What NVIDIA's tool says counts for a machine without AMD's GPUs, failures too; AMD's are added
 * where there are any.
 */
export function bothVendors(nvidia: NvidiaSmi, amd: NvidiaSmi): NvidiaSmi {
  const look = async (): Promise<GpuLook> => {
    const [first, second] = await Promise.all([nvidia.look(), amd.look()])
    if (second.kind === 'failed' || second.gpus.length === 0) return first
    if (first.kind === 'failed') return first.failure.kind === 'missing' ? second : first
    return { kind: 'readings', gpus: [...first.gpus, ...second.gpus] }
  }
  return { look: singleFlight(look) }
}
