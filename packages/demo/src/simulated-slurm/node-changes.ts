import { jobsOn, type SimulatedCluster, type SimulatedNode } from './cluster.ts'
import { notResponding, requeueJobs } from './scheduler.ts'

/** Why `scontrol update` refused, in the words of Slurm 24.11. */
export type Refusal = string

const invalidState = 'slurm_update error: Invalid node state specified'
const reasonMissing = 'You must specify a reason when DOWNING or DRAINING a node. Request denied'
const busy = 'slurm_update error: Requested nodes are busy'

/**
 * `scontrol update NodeName=…` on one node.
 * @param keys as on the command line, e.g. State, Reason, NodeAddr, NodeHostname
 */
export function updateNode(
  cluster: SimulatedCluster,
  node: SimulatedNode,
  keys: Readonly<Record<string, string>>,
  now: number,
): Refusal | undefined {
  const { State: state, Reason: reason, NodeAddr: address, NodeHostname: hostname } = keys
  const refusal = state === undefined ? undefined : changeState(cluster, node, state.toUpperCase(), reason, now)
  if (refusal !== undefined) return refusal
  // scontrol drops a double quote at the end.
  if (reason !== undefined) node.reason = { text: reason.replace(/"$/, ''), at: now }
  if (address !== undefined) node.address = address
  if (hostname !== undefined) node.hostname = hostname
  return undefined
}

function changeState(
  cluster: SimulatedCluster,
  node: SimulatedNode,
  state: string,
  reason: string | undefined,
  now: number,
): Refusal | undefined {
  switch (state) {
    case 'DRAIN':
      if (!reason && !node.reason) return reasonMissing
      node.drain = true
      return undefined
    case 'UNDRAIN':
      node.drain = false
      delete node.reason
      return undefined
    case 'RESUME':
      if (!node.drain && node.base !== 'DOWN') return invalidState
      node.drain = false
      if (node.base === 'DOWN') node.base = node.hostUp ? 'UP' : 'DOWN'
      delete node.reason
      return undefined
    case 'DOWN':
      if (!reason && !node.reason) return reasonMissing
      if (node.base === 'FUTURE') return invalidState
      requeueJobs(cluster, node.name, now)
      node.base = 'DOWN'
      return undefined
    case 'FUTURE':
      if (node.base === 'FUTURE' && node.drain) return invalidState
      if (jobsOn(cluster, node.name).length > 0) return busy
      makeFuture(node)
      return undefined
    default:
      return `Invalid input: State=${state}\nRequest aborted`
  }
}

/** The name is nobody's again, as slurm.conf has it. */
function makeFuture(node: SimulatedNode): void {
  node.base = 'FUTURE'
  node.drain = false
  node.address = node.name
  node.hostname = node.name
  delete node.reason
  delete node.bootedAt
  delete node.lastBusyAt
}

/** A host of this name has started its slurmd. */
export function hostUp(node: SimulatedNode, now: number): void {
  node.hostUp = true
  node.bootedAt = now
}

/** The host is gone: its jobs go back to the queue, and the node is down until it is FUTURE again or has a new host. */
export function hostDown(cluster: SimulatedCluster, node: SimulatedNode, now: number): void {
  node.hostUp = false
  if (node.base === 'FUTURE') return
  requeueJobs(cluster, node.name, now)
  node.base = 'DOWN'
  node.reason ??= { text: notResponding, at: now }
}
