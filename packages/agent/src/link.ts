import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type AgentMessage,
  AgentMessageSchema,
  type ServerMessage,
  ServerMessageSchema,
} from '@navarch/api/control-plane'
import type { Clock } from '@navarch/system/clock'
import { createEnvelopeDecoder, encodeEnvelope } from './envelope.ts'

const path = '/navarch.ControlPlaneService/AgentLink'
/** Commands are the largest that a server sends. */
const maxMessageBytes = 1024 * 1024
/** More than this unsent means that the server does not read: what can wait must wait. */
const congestedBytes = 256 * 1024

/** Why a link ended. `unsupported` and `refused` do not mend themselves by trying again soon. */
export interface LinkEnd {
  kind: 'lost' | 'unsupported' | 'refused'
  reason: string
}

/** One open link to the control plane. */
export interface Link {
  send(message: AgentMessage): void
  /** Whether the server is behind with reading. */
  congested(): boolean
  /** Resolves once, when the link is over for whatever reason. */
  ended: Promise<LinkEnd>
  /** Ends the link; `ended` resolves with this reason. */
  close(reason: string): void
}

/** Opens a link; messages that arrive go to `onMessage`. Never throws: a server that cannot be reached is an ended link. */
export type OpenLink = (onMessage: (message: ServerMessage) => void) => Link

export interface LinkOptions {
  clock: Clock
  /** http: is HTTP/2 in clear text. */
  server: string
  authToken: string | undefined
  /** Authorities that the certificate of an https: server must be of, PEM; absent: those of the machine. */
  ca?: string
  /** How long the connection may take, ms. Default 15,000. */
  connectDeadlineMs?: number
}

/**
 * The client's half of `AgentLink`: one HTTP/2 session with one stream, in gRPC's framing.
 * A general client costs four times the memory on the server's side and more here.
 */
export function createLinkOpener(options: LinkOptions): OpenLink {
  return (onMessage) => {
    const { promise: ended, resolve } = Promise.withResolvers<LinkEnd>()
    const session: ClientHttp2Session = connect(options.server, options.ca === undefined ? {} : { ca: options.ca })
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'navarch-node',
      ...(options.authToken !== undefined && { authorization: `Bearer ${options.authToken}` }),
    })
    const end = (kind: LinkEnd['kind'], reason: string) => {
      cancelDeadline()
      resolve({ kind, reason })
      stream.close(constants.NGHTTP2_CANCEL)
      session.destroy()
    }
    const deadlineMs = options.connectDeadlineMs ?? 15_000
    const cancelDeadline = options.clock.after(deadlineMs, () => end('lost', `no connection within ${deadlineMs} ms`))
    const decode = createEnvelopeDecoder(maxMessageBytes)

    session.on('connect', cancelDeadline)
    session.on('error', (error) => end('lost', describe(error)))
    session.on('goaway', () => end('lost', 'the server is going away'))
    session.on('close', () => end('lost', 'the connection was closed'))
    stream.on('error', (error) => end('lost', describe(error)))
    stream.on('response', (headers) => {
      const failure = failureOf(Number(headers[':status']), headers['grpc-status'], headers['grpc-message'])
      if (failure) end(failure.kind, failure.reason)
    })
    stream.on('trailers', (trailers) => {
      const failure = failureOf(200, trailers['grpc-status'], trailers['grpc-message'])
      end(failure?.kind ?? 'lost', failure?.reason ?? 'the server ended the link')
    })
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const bytes of decode(chunk)) onMessage(fromBinary(ServerMessageSchema, bytes))
      } catch (error) {
        end('lost', `the server sent what cannot be read: ${describe(error)}`)
      }
    })
    stream.on('close', () => end('lost', 'the stream was closed'))

    return {
      ended,
      send: (message) => {
        if (!stream.destroyed && stream.writable) stream.write(encodeEnvelope(toBinary(AgentMessageSchema, message)))
      },
      congested: () => stream.writableLength > congestedBytes,
      close: (reason) => end('lost', reason),
    }
  }
}

/** gRPC statuses that we tell apart. Source: google/rpc/code.proto. */
const grpcStatus = { ok: '0', permissionDenied: '7', unimplemented: '12', unauthenticated: '16' } as const

function failureOf(http: number, grpc: unknown, message: unknown): LinkEnd | undefined {
  const status = grpc === undefined ? undefined : String(grpc)
  const words = typeof message === 'string' && message !== '' ? `: ${decodeMessage(message)}` : ''
  if (http === 404 || http === 415 || status === grpcStatus.unimplemented) {
    return {
      kind: 'unsupported',
      reason: `the server has no agent link; is it a Navarch control plane of this version?${words}`,
    }
  }
  if (http === 401 || http === 403 || status === grpcStatus.unauthenticated || status === grpcStatus.permissionDenied) {
    return { kind: 'refused', reason: `the server refused the token; set --auth-token or NAVARCH_AUTH_TOKEN${words}` }
  }
  if (http !== 200) return { kind: 'lost', reason: `the server answered with HTTP ${http}` }
  if (status !== undefined && status !== grpcStatus.ok) return { kind: 'lost', reason: `gRPC status ${status}${words}` }
  return undefined
}

/** Percent-encoded; a server may still send what is not. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
