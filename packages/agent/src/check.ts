import { classifySxid, classifyXid } from '@navarch/core/health/classify-xid'
import type { Finding } from '@navarch/core/health/finding'
import { parseRecoveryAction } from '@navarch/core/health/recovery-action'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import { createMemoryPosition, type KernelLogLine, type KernelLogSource } from '@navarch/gpu/kernel-log'
import type { GpuLook, NvidiaSmi } from '@navarch/gpu/nvidia-smi'
import type { Clock } from '@navarch/system/clock'
import { createGpuConditions } from './gpu-conditions.ts'
import { createKernelFaultReader, type KernelFault } from './kernel-findings.ts'

/**
 * - `healthy`: everything was looked at, and nothing asks for anything
 * - `findings`: something does
 * - `unknown`: the GPUs could not be looked at
 */
export type CheckOutcome = 'healthy' | 'findings' | 'unknown'

export interface CheckResult {
  node: string
  outcome: CheckOutcome
  /** What could not be looked at; empty when all was. */
  notes: string[]
  gpus: GpuReading[]
  findings: Finding[]
}

export interface CheckContext {
  node: string
  clock: Clock
  nvidiaSmi: NvidiaSmi
  /** undefined with `kernelLogReason`: it cannot be read. */
  kernelLog: KernelLogSource | undefined
  kernelLogReason: string
}

/** How long reading the kernel log may take. */
const logDeadlineMs = 10_000

/** Findings of a tool that could not be asked: they say nothing about the GPUs. */
const cannotTell: ReadonlySet<string> = new Set(['nvidia-smi-missing', 'nvidia-smi-failed'])

/** Looks at everything once, and judges it as the control plane would. */
export async function runCheck(context: CheckContext): Promise<CheckResult> {
  const { node, clock } = context
  const look = await context.nvidiaSmi.look()
  const conditions = createGpuConditions(node)
  conditions.observe(look, clock.now())
  const gpus = look.kind === 'readings' ? look.gpus : []
  const { lines, note } = await readKernelLog(context)
  const readFault = createKernelFaultReader(node, () => gpus)
  const faults = lines.flatMap((line) => readFault(line) ?? [])
  const findings = [...conditions.current(), ...faults.map((fault) => judge(node, fault, gpus))]
  return {
    node,
    outcome: outcomeOf(look, findings, note === undefined),
    notes: note === undefined ? [] : [note],
    gpus,
    findings,
  }
}

/** Without the kernel log nobody can tell: XIDs show there and nowhere else. */
function outcomeOf(look: GpuLook, findings: readonly Finding[], logRead: boolean): CheckOutcome {
  const asksForSomething = ({ code, class: kind }: Finding) =>
    !cannotTell.has(code) && kind !== 'informational' && kind !== 'application'
  if (findings.some(asksForSomething)) return 'findings'
  return look.kind === 'failed' || !logRead ? 'unknown' : 'healthy'
}

function judge(node: string, { id, event, at, gpu }: KernelFault, gpus: readonly GpuReading[]): Finding {
  const { message, line: evidence, pciBusId } = event
  const place = {
    ...(pciBusId !== undefined && { pciBusId }),
    ...(gpu?.uuid !== undefined && { gpuUuid: gpu.uuid }),
    ...(gpu?.index !== undefined && { gpuIndex: gpu.index }),
  }
  if (event.kind === 'sxid') return classifySxid({ id, node, xid: event.sxid, message, evidence, at, ...place })
  const said = gpus.find((one) => one.pciBusId !== undefined && one.pciBusId === pciBusId)?.recoveryAction
  const action = said === undefined ? undefined : parseRecoveryAction(said)
  return classifyXid({ id, node, xid: event.xid, message, evidence, at, ...place }, action)
}

async function readKernelLog(context: CheckContext): Promise<{ lines: KernelLogLine[]; note?: string }> {
  const { clock, kernelLog } = context
  const lines: KernelLogLine[] = []
  if (!kernelLog) return { lines, note: `the kernel log was not read: ${context.kernelLogReason}` }
  const stop = new AbortController()
  const cancel = clock.after(logDeadlineMs, () => stop.abort())
  try {
    const reader = {
      onLine: (line: KernelLogLine) => void lines.push(line),
      position: createMemoryPosition(),
      follow: false,
    }
    await kernelLog(reader, stop.signal)
    return { lines }
  } catch (error) {
    return { lines, note: `the kernel log was not read: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    cancel()
  }
}
