/**
 * What a finding asks for, from the mildest to the gravest:
 * - `informational`: nothing
 * - `application`: a program's own fault; told to the job's user
 * - `watch`: a trend or an unknown code: shown and alerted, never acted on
 * - `reset-idle`: reset when the node next goes idle; no drain
 * - `drain-reset`: drain, then reset the GPU
 * - `drain-reboot`: drain, then reboot the machine
 * - `drain-replace`: drain, then replace the machine
 */
export const findingClasses = [
  'informational',
  'application',
  'watch',
  'reset-idle',
  'drain-reset',
  'drain-reboot',
  'drain-replace',
] as const
export type FindingClass = (typeof findingClasses)[number]

export type FindingSource = 'kernel-log' | 'nvidia-smi' | 'agent' | 'slurm' | 'report'

/** A fact about a node's health with its evidence, as it was seen. Immutable; its history is append-only. */
export interface Finding {
  /** Unique for one occurrence; the same occurrence seen twice has the same id. */
  id: string
  node: string
  source: FindingSource
  /** Machine-readable, e.g. "xid-79", "ecc-uncorrected", "thermal-slowdown", "nvidia-smi-stuck". */
  code: string
  xid?: number
  class: FindingClass
  /** Whether it acts at once, without a second report (the catalogue's or the driver's word). */
  fatal: boolean
  gpuUuid?: string
  gpuIndex?: number
  pciBusId?: string
  /** One sentence, e.g. "XID 79: GPU has fallen off the bus". */
  message: string
  /** The line or value it was read from, verbatim. */
  evidence: string
  /** When it happened, ms since the epoch. */
  at: number
}

/** A finding that still holds for the node's present machine. */
export interface ActiveFinding extends Finding {
  /** How often it was seen since `at`. */
  count: number
  lastSeenAt: number
}
