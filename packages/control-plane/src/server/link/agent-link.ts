import type { ServerHttp2Stream } from 'node:http2'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Code } from '@connectrpc/connect'
import {
  type AgentMessage,
  AgentMessageSchema,
  type RegisterNodeRequest,
  type ServerMessage,
  ServerMessageSchema,
} from '@navarch/api/control-plane'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { JobService } from '../../services/jobs/job-service.ts'
import { ServiceError, type ServiceErrorCode } from '../../services/service-error.ts'
import type { AgentService } from '../../services/services.ts'
import { connectCodeOf, serviceErrorOf } from '../failure.ts'
import { checkRegistration, requireField } from '../rpc/validate.ts'
import { createEnvelopeReader, EnvelopeError, envelope } from './envelope.ts'
import { beginGrpc, finishGrpc, type GrpcStatus } from './grpc-stream.ts'

/** What agents tell of jobs. */
export type AgentJobs = Pick<JobService, 'agentEvents' | 'agentSamples'>

export interface AgentLinkOptions {
  agents: AgentService
  jobs: AgentJobs
  clock: Clock
  log: Log
  /** Silence after which a link is ended, ms: three heartbeats. */
  linkDeadlineMs: number
  /** Largest message that is read, bytes. */
  maxMessageBytes: number
  /** Bytes of messages that are being worked on, or wait to be sent; beyond it the agent is read no further. */
  maxPendingBytes: number
  /** Whether the agent may still speak and be told: its token may have been revoked. */
  holds(): boolean
  /** Called once when the node has registered. */
  onRegistered(nodeId: string, link: AgentLink): void
  /** Called once when the link is over. */
  onClosed(link: AgentLink): void
}

export interface AgentLink {
  /** Ends the link after the messages that were read. */
  end(status: GrpcStatus): void
}

/**
 * Serves one agent on one HTTP/2 stream. Reports are handled one after the other in the agent's order; a heartbeat
 * does not wait for them. `acked` is sent when everything up to it is durable, once for what is durable together.
 */
export function serveAgentLink(stream: ServerHttp2Stream, peerAddress: string, options: AgentLinkOptions): AgentLink {
  const { agents, jobs, clock, log, linkDeadlineMs, maxPendingBytes } = options
  const reader = createEnvelopeReader(options.maxMessageBytes)
  let nodeId: string | undefined
  let detach = () => {}
  let lastHeard = clock.now()
  let seq = 0n
  /** The last message whose effect is durable, and the last that the agent was told of. */
  let durable = 0n
  let acked = 0n
  let pendingBytes = 0
  /** Work that is under way, in the agent's order. */
  let work: Promise<void> | undefined
  /** Reading is over; what was read is still worked on. */
  let closing = false
  let ended = false
  let cancelDeadline = () => {}
  const link: AgentLink = { end: (status) => void endAfterWork(status) }

  stream.on('data', onData)
  stream.on('end', () => void endAfterWork({ code: undefined, message: '' }))
  stream.on('error', () => {})
  stream.on('close', () => {
    stop()
    options.onClosed(link)
  })
  beginGrpc(stream)
  watchSilence(linkDeadlineMs)
  return link

  function onData(chunk: Buffer): void {
    if (closing || !held()) return
    lastHeard = clock.now()
    try {
      for (const bytes of reader.push(chunk)) {
        if (!closing) take(parseMessage(bytes), bytes.length)
      }
    } catch (error) {
      fail(error)
    }
    acknowledge()
  }

  function take(message: AgentMessage, size: number): void {
    if (message.seq <= seq) throw new ServiceError('invalid', `seq is ${message.seq} after ${seq}: it must rise`)
    seq = message.seq
    if (message.body.case === 'heartbeat' && nodeId !== undefined) {
      agents.heartbeat({ ...message.body.value, nodeId: ownNode(message.body.value.nodeId) })
      if (!work) durable = message.seq
      else enqueue(message.seq, size, async () => {})
      return
    }
    enqueue(message.seq, size, () => handle(message))
  }

  /** Does the work after what is under way; `at` is durable when it is done. */
  function enqueue(at: bigint, size: number, step: () => Promise<void>): void {
    pendingBytes += size
    if (pendingBytes > maxPendingBytes) stream.pause()
    const mine = (work ?? Promise.resolve())
      .then(async () => {
        if (ended) return
        await step()
        durable = at
      })
      .catch(fail)
      .finally(() => {
        pendingBytes -= size
        if (pendingBytes <= maxPendingBytes) stream.resume()
        if (work === mine) work = undefined
        acknowledge()
      })
    work = mine
  }

  async function handle({ seq: at, body }: AgentMessage): Promise<void> {
    if (body.case === 'register') return register(body.value, at)
    if (nodeId === undefined) throw new ServiceError('invalid', 'the first message of a link must be register')
    if (body.case === 'heartbeat') return agents.heartbeat({ ...body.value, nodeId: ownNode(body.value.nodeId) })
    if (body.case === 'report') {
      const request = { ...body.value, nodeId: ownNode(body.value.nodeId) }
      return unlessUseless(['invalid', 'conflict'], () => agents.report(request))
    }
    if (body.case === 'jobEvents') return jobs.agentEvents(nodeId, body.value.events)
    if (body.case === 'jobSamples') return jobs.agentSamples(nodeId, body.value.jobs)
    if (body.case === 'commandResult') {
      const { commandId, success, message } = body.value
      const id = ownNode(body.value.nodeId)
      return unlessUseless(['invalid', 'conflict', 'not_found'], () =>
        agents.acknowledge(id, requireField(commandId, 'command_id'), success, message),
      )
    }
    throw new ServiceError('invalid', 'a message without a body that this control plane knows')
  }

  async function register(request: RegisterNodeRequest, at: bigint): Promise<void> {
    checkRegistration(request)
    const first = nodeId === undefined
    if (!first) ownNode(request.nodeId)
    const response = await agents.register(request, peerAddress)
    if (ended) return
    durable = acked = at
    send(create(ServerMessageSchema, { acked: at, body: { case: 'registered', value: response } }))
    if (ended) return
    if (!response.success) throw new ServiceError('conflict', response.message)
    if (!first) return
    nodeId = request.nodeId
    options.onRegistered(nodeId, link)
    const detachFromNode = agents.attach(nodeId, send)
    detach = () => {
      detach = () => {}
      detachFromNode()
    }
  }

  /** A message that will never be taken is forgotten, so that the agent does not send it for ever. */
  async function unlessUseless(useless: ServiceErrorCode[], step: () => Promise<unknown>): Promise<void> {
    try {
      await step()
    } catch (error) {
      if (!(error instanceof ServiceError) || !useless.includes(error.code)) throw error
      log.warn('agent message refused', { node_id: nodeId, reason: error.message })
    }
  }

  /** A link speaks for the node that registered on it; a message need not repeat its name. */
  function ownNode(claimed: string): string {
    const own = requireField(nodeId ?? '', 'node_id')
    if (claimed === '' || claimed === own) return own
    throw new ServiceError('invalid', `node_id is ${JSON.stringify(claimed.slice(0, 80))} on the link of ${own}`)
  }

  function acknowledge(): void {
    if (durable <= acked || ended) return
    acked = durable
    send(create(ServerMessageSchema, { acked }))
  }

  function send(message: ServerMessage): void {
    if (ended || stream.destroyed || !held()) return
    stream.write(envelope(toBinary(ServerMessageSchema, message)))
    if (stream.writableLength <= maxPendingBytes) return
    fail(new ServiceError('unavailable', 'the agent does not read what it is sent'))
    stream.destroy()
  }

  /** Ends the link once what it began with is good no more: nothing is taken by it then, and nothing told. */
  function held(): boolean {
    if (options.holds()) return true
    fail(new ServiceError('unauthorized', 'the token that the link began with is good no more'))
    return false
  }

  function fail(error: unknown): void {
    if (error instanceof EnvelopeError) {
      endNow({ code: envelopeCodes[error.code], message: error.message })
      return
    }
    const { code, message } = serviceErrorOf(error, log, 'AgentLink')
    endNow({ code: connectCodeOf(code), message })
  }

  async function endAfterWork(status: GrpcStatus): Promise<void> {
    closing = true
    detach()
    await work
    acknowledge()
    endNow(status)
  }

  function endNow(status: GrpcStatus): void {
    if (ended) return
    stop()
    finishGrpc(stream, status)
    // What the agent still sends is read and dropped, so that the stream can close.
    stream.resume()
  }

  function stop(): void {
    closing = ended = true
    cancelDeadline()
    detach()
  }

  function watchSilence(ms: number): void {
    cancelDeadline = clock.after(ms, () => {
      const left = lastHeard + linkDeadlineMs - clock.now()
      if (left > 0 || work) {
        watchSilence(left > 0 ? left : linkDeadlineMs)
        return
      }
      endNow({ code: Code.DeadlineExceeded, message: `nothing was heard for ${linkDeadlineMs} ms` })
    })
  }
}

const envelopeCodes: Record<EnvelopeError['code'], Code> = {
  too_large: Code.ResourceExhausted,
  compressed: Code.Unimplemented,
  bad_flags: Code.Internal,
}

/** @throws ServiceError `invalid` when the bytes are no AgentMessage */
function parseMessage(bytes: Buffer): AgentMessage {
  try {
    return fromBinary(AgentMessageSchema, bytes)
  } catch (error) {
    throw new ServiceError('invalid', 'a message that is no AgentMessage', { cause: error })
  }
}
