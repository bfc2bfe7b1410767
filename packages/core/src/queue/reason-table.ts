/** What keeps a job waiting, roughly. `stuck`: it cannot start unless somebody changes something. */
export const queueReasonKinds = [
  'resources',
  'priority',
  'dependency',
  'limit',
  'begin-time',
  'held',
  'starting',
  'stuck',
  'other',
] as const
export type QueueReasonKind = (typeof queueReasonKinds)[number]

export interface ReasonWords {
  kind: QueueReasonKind
  /** Why it waits, in plain words: a sentence. */
  why: string
  /** What would make it start: a sentence. */
  remedy: string
}

const patience = 'Nothing to do: it starts by itself.'
const askAdmin = 'Ask an administrator'
const cancelAndResubmit = 'Cancel it and submit it again'

/**
 * Every reason of Slurm's catalogue that is no limit of an association or QOS, in plain words.
 * Source: squeue(1), "JOB REASON CODES", and src/common/job_state_reason.c, 22.05 to 26.05; the words that `parsePendingReason`
 * gives to reasons that are sentences.
 */
export const reasonTable: Readonly<Record<string, ReasonWords>> = {
  None: { kind: 'starting', why: 'Slurm has not looked at it yet.', remedy: patience },
  Prolog: { kind: 'starting', why: 'Its prolog runs on its nodes.', remedy: patience },
  Cleaning: {
    kind: 'starting',
    why: 'It was put back into the queue, and its last run is still being cleaned up.',
    remedy: patience,
  },
  SchedDefer: {
    kind: 'starting',
    why: 'It asked to start at once, and Slurm leaves such jobs to its next scheduling cycle.',
    remedy: patience,
  },
  FedJobLock: {
    kind: 'starting',
    why: 'It is a job of a federation, and another cluster may be starting it.',
    remedy: patience,
  },
  Priority: {
    kind: 'priority',
    why: 'Other jobs in this partition come first.',
    remedy: 'Wait, or ask for less: a short job with a true --time can be fitted in before.',
  },
  Resources: {
    kind: 'resources',
    why: 'It is next, and waits until enough nodes, CPUs, memory or GPUs are free.',
    remedy: 'Wait, or ask for fewer nodes or GPUs, or for less time.',
  },
  ReqNodeNotAvail: {
    kind: 'resources',
    why: 'Nodes that it could use are down, drained or reserved.',
    remedy: 'Wait until they are back; a shorter --time may end before a reservation begins.',
  },
  NodesNotAvailable: {
    kind: 'resources',
    why: 'Nodes that it needs are down, drained, or reserved for jobs of partitions that come first.',
    remedy: 'Wait until they are back, or name other nodes or another partition.',
  },
  NodeDown: {
    kind: 'resources',
    why: 'A node that it needs is down.',
    remedy: 'Wait until the node is back, or submit it without naming that node.',
  },
  MpiPortsBusy: { kind: 'resources', why: 'All ports for MPI are taken on its nodes.', remedy: patience },
  NvidiaImexChannels: { kind: 'resources', why: 'All NVIDIA IMEX channels are taken.', remedy: patience },
  BurstBufferResources: { kind: 'resources', why: 'The burst buffer has no room for it.', remedy: patience },
  BurstBufferStageIn: { kind: 'starting', why: 'Its data is being copied to the burst buffer.', remedy: patience },
  BurstBufferOperation: {
    kind: 'stuck',
    why: 'An operation of the burst buffer failed.',
    remedy: `${askAdmin} to look at the burst buffer's log; scontrol show job has the error.`,
  },
  PowerNotAvail: { kind: 'resources', why: 'The cluster has no electrical power left for it.', remedy: patience },
  PowerReserved: { kind: 'resources', why: 'Electrical power is reserved for something else.', remedy: patience },
  Dependency: {
    kind: 'dependency',
    why: 'It waits for another job to end.',
    remedy: 'Wait for that job, or lift it: scontrol update jobid=ID dependency=',
  },
  DependencyNeverSatisfied: {
    kind: 'stuck',
    why: 'It waits for a job that did not end as it should have, so this can never come true.',
    remedy: 'Cancel it, or lift it: scontrol update jobid=ID dependency=',
  },
  JobHeldUser: { kind: 'held', why: 'Its user holds it.', remedy: 'Release it: scontrol release ID' },
  JobHeldAdmin: {
    kind: 'held',
    why: 'An administrator holds it.',
    remedy: `${askAdmin} to release it: scontrol release ID`,
  },
  JobHoldMaxRequeue: {
    kind: 'held',
    why: 'It was put back into the queue too often, and so is held.',
    remedy: 'Find out why it ends so soon, then release it: scontrol release ID',
  },
  LaunchFailedHeld: {
    kind: 'held',
    why: 'It could not be started on its node, and so is held.',
    remedy: 'Look at the node that it was given, then release it: scontrol release ID',
  },
  UserEnvFailedHeld: {
    kind: 'held',
    why: "Its user's environment could not be read (--get-user-env), and so it is held.",
    remedy: 'Make the login shell quick and quiet, then release it: scontrol release ID',
  },
  RequeuedHeld: {
    kind: 'held',
    why: 'It was put back into the queue on hold.',
    remedy: 'Release it: scontrol release ID',
  },
  BeginTime: {
    kind: 'begin-time',
    why: 'It is not to start before a time (--begin, or the pause after it was put back into the queue).',
    remedy: 'Wait, or start it sooner: scontrol update jobid=ID starttime=now',
  },
  Reservation: {
    kind: 'begin-time',
    why: 'It waits for its reservation to begin, or for room in it.',
    remedy: 'Wait, or take it out of the reservation: scontrol update jobid=ID reservationname=',
  },
  ReservationDeleted: {
    kind: 'stuck',
    why: 'Its reservation was deleted.',
    remedy: 'Take it out of the reservation: scontrol update jobid=ID reservationname=',
  },
  ReservationInvalid: {
    kind: 'stuck',
    why: 'It names a reservation that it may not use, or that is not there.',
    remedy: 'Name another one: scontrol update jobid=ID reservationname=',
  },
  Licenses: {
    kind: 'limit',
    why: 'All licenses that it asks for are in use.',
    remedy: 'Wait until one is free, or ask for fewer.',
  },
  JobArrayTaskLimit: {
    kind: 'limit',
    why: 'As many tasks of its array run as the array allows at once.',
    remedy: 'Wait, or allow more: scontrol update jobid=ID arraytaskthrottle=N',
  },
  MaxPoweredUpNodes: {
    kind: 'limit',
    why: 'As many nodes are powered up as slurm.conf allows (MaxPoweredUpNodes).',
    remedy: 'Wait until one is free.',
  },
  AssociationJobLimit: {
    kind: 'limit',
    why: 'Its account has as many jobs as it may have.',
    remedy: 'Wait until one of them ends.',
  },
  AssociationResourceLimit: {
    kind: 'limit',
    why: 'Its account uses as much as it may use.',
    remedy: 'Wait until some of its jobs end, or ask for less.',
  },
  AssociationTimeLimit: {
    kind: 'stuck',
    why: 'It asks for more time than its account may have.',
    remedy: 'Ask for less: scontrol update jobid=ID timelimit=…',
  },
  QOSJobLimit: {
    kind: 'limit',
    why: 'Its QOS has as many jobs as it may have.',
    remedy: 'Wait until one of them ends.',
  },
  QOSResourceLimit: {
    kind: 'limit',
    why: 'Its QOS uses as much as it may use.',
    remedy: 'Wait until some of its jobs end, or ask for less.',
  },
  QOSTimeLimit: {
    kind: 'stuck',
    why: 'It asks for more time than its QOS allows.',
    remedy: 'Ask for less: scontrol update jobid=ID timelimit=…',
  },
  QOSUsageThreshold: {
    kind: 'limit',
    why: "Its account's fair-share is below what its QOS asks for.",
    remedy: 'Wait until past use counts less, or use another QOS.',
  },
  AccountingPolicy: {
    kind: 'limit',
    why: 'A limit of its account or QOS is reached.',
    remedy: `Wait, or ${askAdmin.toLowerCase()} which one: sacctmgr show assoc, sacctmgr show qos.`,
  },
  PartitionDown: {
    kind: 'stuck',
    why: 'Its partition takes jobs and starts none (state DOWN).',
    remedy: `${askAdmin} to open the partition, or move it: scontrol update jobid=ID partition=…`,
  },
  PartitionInactive: {
    kind: 'stuck',
    why: 'Its partition is closed (state INACTIVE).',
    remedy: `${askAdmin} to open the partition, or move it: scontrol update jobid=ID partition=…`,
  },
  PartitionConfig: {
    kind: 'stuck',
    why: 'It does not fit what its partition allows.',
    remedy: `Compare it with scontrol show partition, then ${cancelAndResubmit.toLowerCase()} to fit.`,
  },
  PartitionNodeLimit: {
    kind: 'stuck',
    why: 'It asks for more or fewer nodes than its partition allows, or than there are in service.',
    remedy: 'Ask for another number: scontrol update jobid=ID numnodes=…',
  },
  PartitionTimeLimit: {
    kind: 'stuck',
    why: 'It asks for more time than its partition allows.',
    remedy: 'Ask for less: scontrol update jobid=ID timelimit=…',
  },
  BadConstraints: {
    kind: 'stuck',
    why: 'No node can ever meet what it asks for.',
    remedy: `${cancelAndResubmit} with less: see scontrol show job and sinfo -o "%N %f %G".`,
  },
  Constraints: {
    kind: 'stuck',
    why: 'No node that it may use meets its constraints now.',
    remedy: `${cancelAndResubmit} with others (--constraint): sinfo -o "%N %f" lists them.`,
  },
  MaxMemPerLimit: {
    kind: 'stuck',
    why: 'It asks for more memory than its partition allows (MaxMemPerCPU or MaxMemPerNode).',
    remedy: `${cancelAndResubmit} with less memory or more CPUs.`,
  },
  InvalidAccount: {
    kind: 'stuck',
    why: 'Its account is not valid any more.',
    remedy: 'Use another one: scontrol update jobid=ID account=…',
  },
  AccountNotAllowed: {
    kind: 'stuck',
    why: 'Its account may not use this partition.',
    remedy: 'Use another one: scontrol update jobid=ID account=… or partition=…',
  },
  InvalidQOS: {
    kind: 'stuck',
    why: 'Its QOS is not valid any more.',
    remedy: 'Use another one: scontrol update jobid=ID qos=…',
  },
  QOSNotAllowed: {
    kind: 'stuck',
    why: 'Its QOS may not be used in this partition or by this account.',
    remedy: 'Use another one: scontrol update jobid=ID qos=… or partition=…',
  },
  DeadLine: {
    kind: 'stuck',
    why: 'It can no longer end before its deadline (--deadline).',
    remedy: `${cancelAndResubmit} with another deadline.`,
  },
  FrontEndDown: {
    kind: 'stuck',
    why: 'No front-end node is up.',
    remedy: `${askAdmin} to bring a front-end node back.`,
  },
  SystemFailure: {
    kind: 'stuck',
    why: 'Slurm, a filesystem or the network failed under it.',
    remedy: `${askAdmin} to look at slurmctld's log.`,
  },
  JobLaunchFailure: {
    kind: 'stuck',
    why: 'It could not be started: a bad script or working directory, or a filesystem that was away.',
    remedy: `${askAdmin} to look at slurmd's log on the node that it was given.`,
  },
  NonZeroExitCode: {
    kind: 'other',
    why: 'Its last run ended with an error.',
    remedy: 'Look at its output; it starts again by itself unless it is held.',
  },
  RaisedSignal: {
    kind: 'other',
    why: 'Its last run was ended by a signal.',
    remedy: 'Look at its output; it starts again by itself unless it is held.',
  },
  OutOfMemory: {
    kind: 'other',
    why: 'Its last run used more memory than it had.',
    remedy: 'Ask for more memory (--mem); it starts again by itself unless it is held.',
  },
  TimeLimit: {
    kind: 'other',
    why: 'Its last run used all of its time.',
    remedy: 'Ask for more time (--time); it starts again by itself unless it is held.',
  },
  InactiveLimit: {
    kind: 'other',
    why: 'Its last run was idle for longer than InactiveLimit allows.',
    remedy: 'Look at its output; it starts again by itself unless it is held.',
  },
}
