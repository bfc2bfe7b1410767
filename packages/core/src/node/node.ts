import type { ActiveFinding } from '../health/finding.ts'
import type { SlurmNaming } from '../operation/operation.ts'

/** `unknown` is never healthy: nothing has been heard, or not for too long. */
export type NodeHealth = 'healthy' | 'degraded' | 'unhealthy' | 'unknown'

/**
 * - `provisioning`: a machine is being made for this name and is not yet verified
 * - `active`: in service
 * - `cordoned`: an operator keeps new work away
 * - `draining`: no new work; jobs still run
 * - `drained`: no new work, no jobs
 * - `unhealthy`: faulty, and no operation is dealing with it
 * - `terminated`: its machine is gone
 */
export type NodeStatus = 'provisioning' | 'active' | 'cordoned' | 'draining' | 'drained' | 'unhealthy' | 'terminated'

export interface Gpu {
  index: number
  uuid: string
  name: string
  /** Domain:bus:device.function as NVML prints it, e.g. "00000000:3B:00.0". */
  pciBusId: string
  /** Bytes; undefined when the tool did not say. */
  memoryTotalBytes?: number
  driverVersion?: string
  cudaVersion?: string
}

/** One reading of one GPU. An absent value was not reported: it is unknown, not zero. */
export interface GpuSample {
  index: number
  uuid?: string
  utilizationPercent?: number
  memoryUsedBytes?: number
  temperatureCelsius?: number
  powerWatts?: number
  /** ECC errors since the driver was loaded. */
  eccCorrected?: number
  eccUncorrected?: number
  /** Rows of memory that spare ones have replaced. */
  remappedRows?: number
  /** Whether a row waits for a reset to be replaced, and whether one could not be. */
  remapPending?: boolean
  remapFailed?: boolean
}

/** The machine behind a node, as its provider knows it. */
export interface MachineRef {
  /** The provider's id of the machine. */
  id: string
  provider: string
  /** Address at which the control plane and Slurm reach it. */
  address?: string
  /** The launch that made it; two launches never share one. */
  token: string
}

/**
 * A node of the fleet. Its id is its Slurm NodeName and its host name.
 * The machine behind a name may change; `machine.token` tells the generations apart.
 */
export interface FleetNode {
  id: string
  /** Empty for a node that registered by itself and belongs to no pool. */
  pool: string
  provider: string
  region: string
  zone: string
  instanceType: string
  machine?: MachineRef
  /** How its name exists in Slurm; undefined for a node that we did not make. */
  slurmNaming?: SlurmNaming
  status: NodeStatus
  health: NodeHealth
  /** Why the health is what it is, e.g. "XID 79: GPU has fallen off the bus"; empty when healthy. */
  healthReason: string
  /** Ids of the last reports that were taken, newest last: a repeated report changes nothing. */
  recentReports: string[]
  /** When the last full report came, ms. */
  reportedAt?: number
  /** Consecutive bad reports since the last good one. */
  badReports: number
  gpus: Gpu[]
  samples: GpuSample[]
  /** When `samples` were taken, ms; undefined when none came. */
  sampledAt?: number
  /** Use of CPUs and memory as of the last heartbeat, percent. */
  load?: { cpuPercent?: number; memoryPercent?: number }
  findings: ActiveFinding[]
  hostname: string
  internalIp: string
  externalIp: string
  kernelVersion: string
  labels: Record<string, string>
  agentVersion: string
  /** The boot that the agent last registered from; a new one means that the machine restarted. */
  bootId: string
  /** The boot of the machine that this one replaced: what still calls from there is refused. */
  retiredBootId?: string
  createdAt: number
  registeredAt?: number
  lastHeartbeat?: number
  /** Who cordoned or drained it by hand, and why; undefined when nobody did. */
  hold?: { action: 'cordon' | 'drain'; reason: string; since: number }
}
