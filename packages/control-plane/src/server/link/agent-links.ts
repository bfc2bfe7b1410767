import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { Code } from '@connectrpc/connect'
import { ControlPlaneService } from '@navarch/api/control-plane'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { AgentService } from '../../services/services.ts'
import type { Access } from '../auth/access.ts'
import { remoteAddressOf } from '../caller.ts'
import { connectCodeOf } from '../failure.ts'
import { type AgentJobs, type AgentLink, serveAgentLink } from './agent-link.ts'
import { isGrpcRequest, refuseGrpc } from './grpc-stream.ts'

/** All agents' links of a server. A node has one: a newer takes the place of an older. */
export interface AgentLinks {
  /** Serves the stream when it is an agent's link; otherwise leaves it alone and answers false. */
  accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean
  /** Ends every link, and refuses new ones. */
  close(): void
}

const linkPath = `/${ControlPlaneService.typeName}/${ControlPlaneService.method.agentLink.name}`
const maxMessageBytes = 1024 * 1024
const maxPendingBytes = 4 * maxMessageBytes
const ending = { code: Code.Unavailable, message: 'the control plane is ending' }

export function createAgentLinks(options: {
  agents: AgentService
  jobs: AgentJobs
  access: Access
  clock: Clock
  log: Log
  /** Silence after which a link is ended, ms. */
  linkDeadlineMs: number
}): AgentLinks {
  const { agents, jobs, access, clock, log, linkDeadlineMs } = options
  const links = new Set<AgentLink>()
  const ofNode = new Map<string, AgentLink>()
  const nodeOf = new Map<AgentLink, string>()
  let closed = false
  const linkOptions = {
    ...{ agents, jobs, clock, log, linkDeadlineMs, maxMessageBytes, maxPendingBytes },
    onRegistered: (nodeId: string, link: AgentLink) => {
      ofNode.get(nodeId)?.end({ code: Code.Aborted, message: `${nodeId} has a newer link` })
      ofNode.set(nodeId, link)
      nodeOf.set(link, nodeId)
    },
    onClosed: (link: AgentLink) => {
      links.delete(link)
      const nodeId = nodeOf.get(link)
      nodeOf.delete(link)
      if (nodeId !== undefined && ofNode.get(nodeId) === link) ofNode.delete(nodeId)
    },
  }
  return {
    accept(stream, headers) {
      if (headers[':path'] !== linkPath || headers[':method'] !== 'POST' || !isGrpcRequest(headers)) return false
      const remoteAddress = remoteAddressOf(stream.session?.socket)
      const caller = { remoteAddress, headers }
      const decision = access.decide(caller, 'agent')
      if (!decision.allowed) refuseGrpc(stream, { code: connectCodeOf(decision.code), message: decision.message })
      else if (closed) refuseGrpc(stream, ending)
      else
        links.add(
          serveAgentLink(stream, remoteAddress ?? '', { ...linkOptions, holds: () => access.holds(caller, 'agent') }),
        )
      return true
    },
    close() {
      closed = true
      for (const link of links) link.end(ending)
    },
  }
}
