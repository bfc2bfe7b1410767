import type { NodeJson } from '@navarch/api/rest'
import { clockEventBits } from '@navarch/gpu/gpu-reading'
import type { SimulatedGpu } from '@navarch/gpu/simulated-gpus'
import type { SimulatedHost } from './agents.ts'

/** Faults that the demo knows, in the order in which they come, again and again. */
export const faultKinds = [
  'off-the-bus',
  'application',
  'double-bit-ecc',
  'nvidia-smi-stuck',
  'thermal',
  'row-remap-failure',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** Times of the faults, ms after the demo's start. */
export interface FaultSchedule {
  firstMs: number
  /** From the first to the second, which need not wait for its effects. */
  secondAfterMs: number
  everyMs: number
}

/** The faults of a day's demo at normal speed. */
export const usualSchedule: FaultSchedule = { firstMs: 12_000, secondAfterMs: 30_000, everyMs: 60_000 }

/** When the fault of this number (from 0) comes, ms after the start. */
export function faultTime(schedule: FaultSchedule, number: number): number {
  if (number === 0) return schedule.firstMs
  return schedule.firstMs + schedule.secondAfterMs + (number - 1) * schedule.everyMs
}

/** What is known of a host when a victim is chosen. */
export interface Candidate {
  host: SimulatedHost
  /** As the control plane shows it. */
  node: Pick<NodeJson, 'status' | 'health' | 'operations'> & { health_events: readonly { active: boolean }[] }
  /** ms until the last job on it ends; undefined when it has none. */
  busyForMs: number | undefined
}

/** Jobs that end sooner would be gone before the story has told of them, ms. */
const leastBusyMs = 3_000
/** A host whose last job ends later would be drained until then, and nobody would see it mended, ms. */
const mostBusyMs = 600_000

/**
 * The host that gets the fault: a good one in service that works on a job which ends soon, so that the story goes on.
 * Heat strikes the machine that was started last, since what counts is for how much of its recent past it was slowed.
 */
export function chooseVictim(kind: FaultKind, candidates: readonly Candidate[]): SimulatedHost | undefined {
  const good = candidates.filter(({ node, busyForMs }) => isInService(node) && (busyForMs ?? 0) <= mostBusyMs)
  if (kind === 'thermal') return good.toSorted((a, b) => b.host.bootedAt - a.host.bootedAt)[0]?.host
  const busy = good.filter(({ busyForMs }) => busyForMs !== undefined && busyForMs >= leastBusyMs)
  const soonest = busy.toSorted((a, b) => (a.busyForMs ?? 0) - (b.busyForMs ?? 0))[0]
  return (soonest ?? good[0])?.host
}

function isInService(node: Candidate['node']): boolean {
  const marked = node.health_events.some((event) => event.active)
  return node.status === 'active' && node.health === 'healthy' && node.operations.length === 0 && !marked
}

/**
 * Lets a fault strike one GPU of a host, in the driver's words and values.
 * Source of the lines: https://docs.nvidia.com/deploy/xid-errors.
 */
export function injectFault(kind: FaultKind, host: SimulatedHost, random: () => number): void {
  const { simulated, kernelLog } = host
  const gpu = simulated.gpus[Math.floor(random() * simulated.gpus.length)]
  if (!gpu) return
  const xid = (code: number, text: string) => kernelLog.write(`NVRM: Xid (PCI:${kernelAddress(gpu)}): ${code}, ${text}`)
  switch (kind) {
    case 'off-the-bus':
      gpu.lost = true
      xid(79, "pid='<unknown>', name=<unknown>, GPU has fallen off the bus.")
      break
    case 'application':
      xid(13, 'pid=4711, name=python3, Graphics SM Warp Exception on (GPC 0, TPC 1, SM 0): Out Of Range Address')
      break
    case 'double-bit-ecc':
      gpu.eccUncorrected = 1
      xid(48, "pid='<unknown>', name=<unknown>, An uncorrectable double bit error (DBE) has been detected on GPU")
      break
    case 'nvidia-smi-stuck':
      simulated.failure = { kind: 'stuck' }
      break
    case 'thermal':
      gpu.temperatureCelsius = 85
      gpu.clockEvents |= clockEventBits.hwSlowdown | clockEventBits.hwThermalSlowdown
      break
    case 'row-remap-failure':
      gpu.rowRemapFailure = true
      xid(64, "pid='<unknown>', name=<unknown>, Row Remapper: Error recording row remap")
      break
  }
}

/** "00000000:1A:00.0" as the kernel writes it: "0000:1a:00". */
function kernelAddress(gpu: Pick<SimulatedGpu, 'pciBusId'>): string {
  return gpu.pciBusId.toLowerCase().replace(/^0000/, '').replace(/\.\d$/, '')
}
