import {
  classifyInventory,
  classifyReading,
  classifyToolFailure,
  type LookContext,
} from '@navarch/core/health/classify-reading'
import type { Finding } from '@navarch/core/health/finding'
import type { GpuObservation } from '@navarch/core/health/gpu-observation'
import { parseRecoveryAction } from '@navarch/core/health/recovery-action'
import { clockEventBits, type GpuReading } from '@navarch/gpu/gpu-reading'
import type { GpuLook } from '@navarch/gpu/nvidia-smi'

const slowdownWindowMs = 10 * 60_000

/** What the looks at a node's GPUs have shown. */
export interface GpuConditions {
  /**
   * Takes a look and says what came new with it. A look that failed says nothing of the GPUs,
   * so what was known of them holds on.
   */
  observe(look: GpuLook, at: number): { fresh: Finding[] }
  /** All that holds now. A condition keeps its id and time from the first look that found it. */
  current(): readonly Finding[]
}

/**
 * @param expectedUuids GPUs that the machine had before, where that is known
 */
export function createGpuConditions(node: string, expectedUuids: readonly string[] = []): GpuConditions {
  const slowdowns = createSlowdownHistory()
  let expected = expectedUuids
  let ofGpus: Finding[] = []
  let ofTool: Finding[] = []

  const conditionsOf = (gpus: readonly GpuReading[], context: LookContext): Finding[] => {
    slowdowns.add(gpus, context.at)
    const seen = gpus.filter((gpu) => !gpu.lost).flatMap((gpu) => gpu.uuid ?? [])
    if (expected.length === 0) expected = seen
    const inventory = classifyInventory(expected, seen, context)
    const readings = gpus.flatMap((gpu) => classifyReading(observation(gpu, slowdowns.window(gpu)), context))
    return inventory ? [...readings, inventory] : readings
  }

  return {
    observe(look, at) {
      const before = new Map([...ofGpus, ...ofTool].map((finding) => [keyOf(finding), finding]))
      const context = { node, at }
      if (look.kind === 'readings') {
        ofGpus = conditionsOf(look.gpus, context).map((finding) => sinceFirst(before.get(keyOf(finding)), finding))
        ofTool = []
      } else {
        const failure = classifyToolFailure(look.failure, context)
        ofTool = [sinceFirst(before.get(keyOf(failure)), failure)]
      }
      return { fresh: [...ofGpus, ...ofTool].filter((finding) => !before.has(keyOf(finding))) }
    },
    current: () => [...ofGpus, ...ofTool],
  }
}

/** What the health rules need of a reading. */
export function observation(gpu: GpuReading, slowdowns: GpuObservation['slowdowns']): GpuObservation {
  const { recoveryAction, ...reading } = gpu
  const action = recoveryAction === undefined ? undefined : parseRecoveryAction(recoveryAction)
  return { ...reading, ...(action !== undefined && { recoveryAction: action }), ...(slowdowns && { slowdowns }) }
}

function sinceFirst(before: Finding | undefined, now: Finding): Finding {
  return before ? { ...now, id: before.id, at: before.at } : now
}

function keyOf(finding: Finding): string {
  return `${finding.code} ${finding.gpuUuid ?? finding.pciBusId ?? finding.gpuIndex ?? ''}`
}

/** Looks of the last ten minutes: their times once, and of each GPU only those that found it slowed. */
function createSlowdownHistory() {
  let looks: number[] = []
  const slowed = new Map<string, { thermal: number[]; powerBrake: number[] }>()
  return {
    add(gpus: readonly GpuReading[], at: number): void {
      const oldest = at - slowdownWindowMs
      // A time ahead of now comes from before the clock was set back.
      const isRecent = (time: number) => time > oldest && time <= at
      looks = [...looks.filter(isRecent), at]
      for (const gpu of gpus) {
        const name = gpu.uuid ?? gpu.pciBusId
        if (name === undefined) continue
        const events = gpu.clockEvents ?? 0
        const past = slowed.get(name)
        const recent = (times: number[] = [], bit: number) => [
          ...times.filter(isRecent),
          ...((events & bit) !== 0 ? [at] : []),
        ]
        const thermal = recent(past?.thermal, clockEventBits.hwThermalSlowdown)
        const powerBrake = recent(past?.powerBrake, clockEventBits.hwPowerBrake)
        if (thermal.length + powerBrake.length > 0) slowed.set(name, { thermal, powerBrake })
        else slowed.delete(name)
      }
    },
    window(gpu: GpuReading): GpuObservation['slowdowns'] {
      const found = slowed.get(gpu.uuid ?? gpu.pciBusId ?? '')
      if (!found) return undefined
      return { looks: looks.length, thermal: found.thermal.length, powerBrake: found.powerBrake.length }
    },
  }
}
