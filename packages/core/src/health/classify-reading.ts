import { counted } from '../count-words.ts'
import type { Finding, FindingClass } from './finding.ts'
import type { GpuObservation, GpuToolFailure } from './gpu-observation.ts'
import { recoveryActionText, recoveryVerdict } from './recovery-action.ts'

/** Where and when a look was taken. */
export interface LookContext {
  node: string
  /** ms since the epoch. */
  at: number
}

interface Rule {
  code: string
  class: FindingClass
  fatal?: boolean
  message: string
  /** The value read, under the tool's own name. */
  evidence: string
}

/** Fewer looks than this in ten minutes say nothing about how long a slowdown lasts. */
const leastLooks = 6
/** Share of looks from which a slowdown counts as lasting (gpud's rule: 6 of 10). */
const lastingShare = 0.6
/** Degrees before slowdown at which we warn; absolute limits differ by model and are not reached before the hardware slows. */
const thermalMargin = 5

/** Findings of one look at one GPU. They hold as long as later looks repeat them. */
export function classifyReading(gpu: GpuObservation, context: LookContext): Finding[] {
  return [...gone(gpu), ...driver(gpu), ...memory(gpu), ...heatAndPower(gpu), ...fabric(gpu)].map((rule) => ({
    ...toFinding(rule, context, gpu.uuid ?? gpu.pciBusId ?? String(gpu.index ?? '')),
    ...(gpu.uuid !== undefined && { gpuUuid: gpu.uuid }),
    ...(gpu.index !== undefined && { gpuIndex: gpu.index }),
    ...(gpu.pciBusId !== undefined && { pciBusId: gpu.pciBusId }),
  }))
}

/**
 * The finding of GPUs that the node registered with and that are not seen any more; undefined when all are there.
 * @param registered UUIDs at registration
 * @param seen UUIDs of this look
 */
export function classifyInventory(
  registered: readonly string[],
  seen: readonly string[],
  context: LookContext,
): Finding | undefined {
  const present = new Set(seen)
  const missing = registered.filter((uuid) => !present.has(uuid))
  if (missing.length === 0) return undefined
  return toFinding(
    {
      code: 'gpu-missing',
      class: 'drain-replace',
      message: `${missing.length} of ${counted(registered.length, 'GPU')} missing: ${missing.join(', ')}`,
      evidence: `registered ${registered.join(',')}; seen ${seen.join(',') || 'none'}`,
    },
    context,
  )
}

/** nvidia-smi's exit statuses. Source: its manual page, "RETURN VALUE", and Azure's csc_nvidia_smi.nhc. */
const exitRules: Record<number, Omit<Rule, 'evidence'>> = {
  8: { code: 'power-cable', class: 'drain-replace', fatal: true, message: 'a GPU has no external power cable' },
  9: { code: 'driver-not-loaded', class: 'drain-reboot', message: 'the NVIDIA driver is not loaded' },
  10: { code: 'gpu-interrupt', class: 'drain-reboot', message: 'the driver sees an interrupt problem with a GPU' },
  14: { code: 'inforom-corrupt', class: 'watch', message: "a GPU's infoROM is corrupt" },
  15: { code: 'gpu-lost', class: 'drain-replace', fatal: true, message: 'a GPU has fallen off the bus' },
}

/** The finding of a look that gave no reading. A tool that is stuck in the driver is a fault; one that is not there is not. */
export function classifyToolFailure(failure: GpuToolFailure, context: LookContext): Finding {
  return toFinding(toolRule(failure), context)
}

function toolRule(failure: GpuToolFailure): Rule {
  switch (failure.kind) {
    case 'stuck':
      return {
        code: 'nvidia-smi-stuck',
        class: 'drain-reboot',
        message: `nvidia-smi did not answer within ${failure.afterMs / 1000} s`,
        evidence: `no answer after ${failure.afterMs} ms`,
      }
    case 'missing':
      return {
        code: 'nvidia-smi-missing',
        class: 'watch',
        message: `nvidia-smi cannot be run: ${failure.detail}`,
        evidence: failure.detail,
      }
    case 'exit': {
      const evidence = `exit status ${failure.status}: ${failure.output.trim().slice(0, 500)}`
      if (/GPU is lost|fallen off the bus/i.test(failure.output)) {
        return { code: 'gpu-lost', class: 'drain-replace', fatal: true, message: 'a GPU is lost', evidence }
      }
      const known = exitRules[failure.status]
      if (known) return { ...known, evidence }
      return {
        code: 'nvidia-smi-failed',
        class: 'watch',
        message: `nvidia-smi failed with ${failure.status}`,
        evidence,
      }
    }
  }
}

function gone(gpu: GpuObservation): Rule[] {
  const rules: Rule[] = []
  if (gpu.lost) {
    rules.push({
      code: 'gpu-lost',
      class: 'drain-replace',
      fatal: true,
      message: 'GPU is lost',
      evidence: '[GPU is lost]',
    })
  }
  if (gpu.requiresReset) {
    rules.push({
      code: 'gpu-requires-reset',
      class: 'drain-reset',
      fatal: true,
      message: 'GPU requires reset',
      evidence: '[GPU requires reset]',
    })
  }
  return rules
}

function driver(gpu: GpuObservation): Rule[] {
  if (gpu.recoveryAction === undefined || gpu.recoveryAction === 'none') return []
  const text = recoveryActionText[gpu.recoveryAction]
  return [
    {
      ...recoveryVerdict(gpu.recoveryAction),
      code: 'recovery-action',
      message: `the driver asks for "${text}"`,
      evidence: `gpu_recovery_action: ${text}`,
    },
  ]
}

function memory(gpu: GpuObservation): Rule[] {
  const rules: Rule[] = []
  const add = (holds: boolean | undefined, code: string, kind: FindingClass, message: string, evidence: string) => {
    if (holds) rules.push({ code, class: kind, message, evidence })
  }
  const volatileErrors = gpu.eccUncorrectedVolatile ?? 0
  const lifeErrors = gpu.eccUncorrectedAggregate ?? 0
  add(
    volatileErrors > 0,
    'ecc-uncorrected',
    'drain-reset',
    `${counted(volatileErrors, 'uncorrectable ECC error')} since the driver was loaded`,
    `ecc.errors.uncorrected.volatile.total: ${volatileErrors}`,
  )
  // A lifetime count never goes back, so it cannot ask for a reset.
  add(
    volatileErrors === 0 && lifeErrors > 0,
    'ecc-uncorrected-lifetime',
    'informational',
    `${counted(lifeErrors, 'uncorrectable ECC error')} in the GPU's life`,
    `ecc.errors.uncorrected.aggregate.total: ${lifeErrors}`,
  )
  add(
    gpu.sramThresholdExceeded,
    'ecc-sram-threshold',
    'drain-replace',
    'more uncorrectable SRAM errors than NVIDIA allows',
    'ecc.errors.uncorrected.aggregate.sram.thresholdExceeded: Yes',
  )
  add(
    gpu.rowRemapFailure,
    'row-remap-failure',
    'drain-replace',
    'a memory row could not be remapped',
    'remapped_rows.failure: Yes',
  )
  add(
    gpu.rowRemapPending,
    'row-remap-pending',
    'reset-idle',
    'a remapped memory row waits for a GPU reset',
    'remapped_rows.pending: Yes',
  )
  add(
    gpu.retiredPagesPending,
    'retired-pages-pending',
    'reset-idle',
    'retired memory pages wait for a GPU reset',
    'retired_pages.pending: Yes',
  )
  return rules
}

function heatAndPower(gpu: GpuObservation): Rule[] {
  const rules: Rule[] = []
  const margin = gpu.temperatureMarginCelsius
  if (margin !== undefined && margin <= thermalMargin) {
    rules.push({
      code: 'thermal-margin',
      class: 'watch',
      message: `${margin} °C before the hardware slows the GPU`,
      evidence: `temperature.gpu.tlimit: ${margin}`,
    })
  }
  const window = gpu.slowdowns
  if (!window) return rules
  if (window.looks >= leastLooks && window.thermal / window.looks >= lastingShare) {
    rules.push({
      code: 'thermal-slowdown',
      class: 'drain-replace',
      message: `the hardware slows the GPU against heat (${window.thermal} of ${window.looks} looks in 10 minutes)`,
      evidence: `clocks_event_reasons.hw_thermal_slowdown: active in ${window.thermal} of ${window.looks}`,
    })
  }
  // Power brakes come from the rack's supply and strike many nodes at once: replacing them would help none.
  if (window.powerBrake > 0) {
    rules.push({
      code: 'power-brake',
      class: 'watch',
      message: `the power supply brakes the GPU (${window.powerBrake} of ${window.looks} looks in 10 minutes)`,
      evidence: `clocks_event_reasons.hw_power_brake_slowdown: active in ${window.powerBrake} of ${window.looks}`,
    })
  }
  return rules
}

function fabric(gpu: GpuObservation): Rule[] {
  const state = gpu.fabricState
  if (state === undefined) return []
  const evidence = `fabric.state: ${state}, fabric.status: ${gpu.fabricStatus ?? 'not reported'}`
  if (/^completed$/i.test(state)) {
    if (gpu.fabricStatus === undefined || /^success$/i.test(gpu.fabricStatus)) return []
    const message = `NVLink fabric registration failed: ${gpu.fabricStatus}`
    return [{ code: 'fabric-failed', class: 'drain-reset', message, evidence }]
  }
  if (/^(not started|in progress)$/i.test(state)) {
    return [{ code: 'fabric-not-ready', class: 'watch', message: `NVLink fabric: ${state}`, evidence }]
  }
  return []
}

function toFinding(rule: Rule, context: LookContext, place = ''): Finding {
  return {
    id: `${context.node}/${rule.code}/${place}/${context.at}`,
    node: context.node,
    source: 'nvidia-smi',
    code: rule.code,
    class: rule.class,
    fatal: rule.fatal ?? false,
    message: rule.message,
    evidence: rule.evidence,
    at: context.at,
  }
}
