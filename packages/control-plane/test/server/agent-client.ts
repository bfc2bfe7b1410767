import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { AgentMessageSchema, type ServerMessage, ServerMessageSchema } from '@navarch/api/control-plane'
import { createEnvelopeReader, envelope } from '../../src/server/link/envelope.ts'

type Body = NonNullable<MessageInitShape<typeof AgentMessageSchema>['body']>

/** An agent's end of a link, on plain HTTP/2. */
export interface AgentClient {
  stream: ClientHttp2Stream
  session: ClientHttp2Session
  received: ServerMessage[]
  /** Sends a message with the next seq, or the given one. */
  send(body: Body, seq?: bigint): void
  /** Resolves when the condition holds; checked at every message. */
  until(condition: () => boolean): Promise<void>
  /** The highest seq that was acknowledged. */
  acked(): bigint
  /** The call's gRPC status and message. */
  ended: Promise<[string, string]>
  destroy(): void
}

export function openAgentLink(url: string, headers: Record<string, string> = {}): AgentClient {
  const session = connect(url)
  session.on('error', () => {})
  const stream = session.request({
    ':method': 'POST',
    ':path': '/navarch.ControlPlaneService/AgentLink',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  const reader = createEnvelopeReader(2 ** 24)
  const received: ServerMessage[] = []
  const waiting = new Set<() => void>()
  let status: [string, string] = ['', '']
  let seq = 0n
  const takeStatus = (fields: Record<string, unknown>) => {
    if (fields['grpc-status'] === undefined) return
    status = [String(fields['grpc-status']), decodeURIComponent(String(fields['grpc-message'] ?? ''))]
  }
  stream.on('error', () => {})
  stream.on('response', takeStatus)
  stream.on('trailers', takeStatus)
  stream.on('data', (chunk: Buffer) => {
    received.push(...reader.push(chunk).map((bytes) => fromBinary(ServerMessageSchema, bytes)))
    for (const check of waiting) check()
  })
  const ended = new Promise<[string, string]>((resolve) => stream.on('close', () => resolve(status)))
  return {
    ...{ stream, session, received, ended },
    send(body, at) {
      seq = at ?? seq + 1n
      stream.write(envelope(toBinary(AgentMessageSchema, create(AgentMessageSchema, { seq, body }))))
    },
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    acked: () => received.reduce((highest, message) => (message.acked > highest ? message.acked : highest), 0n),
    destroy: () => session.destroy(),
  }
}

/** Opens a link and registers the node. */
export async function openRegisteredLink(url: string, nodeId = 'node-1'): Promise<AgentClient> {
  const agent = openAgentLink(url)
  agent.send({ case: 'register', value: { nodeId } })
  await agent.until(() => agent.received.length > 0)
  return agent
}
