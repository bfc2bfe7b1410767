import type { JobEvent } from '@navarch/core/job/job-event'
import { compressHosts, expandHostlist } from '@navarch/slurm/hostlist'

/** Lists of nodes from which a hostlist is shorter. */
const manyNodes = 8
const maxNodes = 100_000

/**
 * An event as it travels to the store and lies in the audit: JSON, in which a long list of nodes is a hostlist. Each of a job's
 * thousand nodes names all thousand of them.
 */
export function textOfEvent(event: JobEvent): string {
  const hostlist = 'nodes' in event && event.nodes ? hostlistOf(event.nodes) : undefined
  return JSON.stringify(hostlist === undefined ? event : { ...event, nodes: hostlist })
}

/** Reads what `textOfEvent` wrote. */
export function eventOfText(text: string): JobEvent {
  const event = JSON.parse(text)
  if (typeof event.nodes === 'string') event.nodes = expandHostlist(event.nodes, maxNodes)
  return event
}

function hostlistOf(nodes: readonly string[]): string | undefined {
  if (nodes.length < manyNodes || nodes.length > maxNodes) return undefined
  try {
    return compressHosts(nodes)
  } catch {
    // A name that is not a host's: clients of the API may send any.
    return undefined
  }
}
