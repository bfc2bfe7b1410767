/** Why a job is where it is, as squeue's `%r` says it. */
export interface PendingReason {
  /**
   * One word, e.g. "Resources", "Priority", "ReqNodeNotAvail"; "None" when there is no reason. Reasons that Slurm prints
   * as sentences have words of our own: "NodesNotAvailable", "LaunchFailedHeld", "UserEnvFailedHeld", "RequeuedHeld";
   * an unknown sentence is "Other".
   */
  code: string
  /** What follows the word, e.g. "UnavailableNodes:gone1"; the whole sentence for a reason that is one. */
  detail?: string
  /** Whether the code is in the catalogue. */
  known: boolean
}

/**
 * Reasons of 22.05 to 26.05 that are not limits of an association or QOS
 * (src/common/slurm_protocol_defs.c of 22.05, src/common/job_state_reason.c since 24.05).
 */
export const pendingReasons = [
  'None',
  'Prolog',
  'Priority',
  'Dependency',
  'Resources',
  'PartitionNodeLimit',
  'PartitionTimeLimit',
  'PartitionDown',
  'PartitionInactive',
  'PartitionConfig',
  'JobHeldAdmin',
  'JobHeldUser',
  'JobHoldMaxRequeue',
  'BeginTime',
  'Licenses',
  'AssociationJobLimit',
  'AssociationResourceLimit',
  'AssociationTimeLimit',
  'Reservation',
  'ReservationDeleted',
  'ReservationInvalid',
  'ReqNodeNotAvail',
  'FrontEndDown',
  'SchedDefer',
  'NodeDown',
  'BadConstraints',
  'Constraints',
  'SystemFailure',
  'JobLaunchFailure',
  'NonZeroExitCode',
  'RaisedSignal',
  'TimeLimit',
  'InactiveLimit',
  'InvalidAccount',
  'InvalidQOS',
  'QOSUsageThreshold',
  'QOSJobLimit',
  'QOSResourceLimit',
  'QOSTimeLimit',
  'QOSNotAllowed',
  'Cleaning',
  'AccountNotAllowed',
  'AccountingPolicy',
  'DependencyNeverSatisfied',
  'JobArrayTaskLimit',
  'BurstBufferResources',
  'BurstBufferStageIn',
  'BurstBufferOperation',
  'PowerNotAvail',
  'PowerReserved',
  'DeadLine',
  'FedJobLock',
  'OutOfMemory',
  'MaxMemPerLimit',
  'MaxPoweredUpNodes',
  'MpiPortsBusy',
  'NvidiaImexChannels',
  'NodesNotAvailable',
  'LaunchFailedHeld',
  'UserEnvFailedHeld',
  'RequeuedHeld',
] as const

const known: ReadonlySet<string> = new Set(pendingReasons)
const limit = /^(?:(?:AssocGrp|AssocMax|QOSGrp|QOSMax|QOSMin)[A-Z][A-Za-z]*|Max[A-Z][A-Za-z]*PerAccount)$/

const sentences: readonly (readonly [RegExp, string])[] = [
  [/^Nodes required for job are /i, 'NodesNotAvailable'],
  [/^(?:job )?launch failed requeued held/i, 'LaunchFailedHeld'],
  [/^user env retrieval failed requeued held/i, 'UserEnvFailedHeld'],
  [/requeued (?:in )?held/i, 'RequeuedHeld'],
]

/**
 * Reads a reason as squeue (`%r`, or `%R` with its brackets), scontrol (spaces as underscores) or JSON prints it.
 * Never fails: what is not understood is not `known`.
 */
export function parsePendingReason(text: string): PendingReason {
  const bare = text.trim().replace(/^\((.*)\)$/s, '$1')
  const plain = /^\w+_\w+_/.test(bare) ? bare.replaceAll('_', ' ') : bare.replaceAll(',_', ', ')
  for (const [pattern, code] of sentences) if (pattern.test(plain)) return { code, detail: plain, known: true }
  const match = /^([A-Z][A-Za-z]*)(?:(?:, ?|:|(?=\())(.+))?$/s.exec(plain)
  if (!match) return plain === '' ? { code: 'None', known: true } : { code: 'Other', detail: plain, known: false }
  const [, code = '', detail] = match
  const reason = { code, known: known.has(code) || isLimitReason(code) }
  return detail === undefined ? reason : { ...reason, detail }
}

/** Whether a limit of the job's association, account or QOS keeps it waiting. */
export function isLimitReason(code: string): boolean {
  return limit.test(code)
}

/** The nodes that a `ReqNodeNotAvail` names, as a hostlist; undefined when it names none. */
export function unavailableNodes(reason: PendingReason): string | undefined {
  const match = /Unavailable(?:Nodes)?:(\S+)/.exec(reason.detail ?? '')
  return match?.[1]?.replace(/\)$/, '')
}
