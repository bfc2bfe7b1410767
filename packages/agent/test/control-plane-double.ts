import { once } from 'node:events'
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  type AgentMessage,
  AgentMessageSchema,
  type Finding,
  type JobSampleBatch,
  type RegisterNodeRequest,
  ServerMessageSchema,
} from '@navarch/api/control-plane'
import { createEnvelopeDecoder, encodeEnvelope } from '../src/envelope.ts'
import type { JobEventJson } from '../src/jobs/hook-event.ts'

/** The server's half of the agent link over a real socket, as little of it as an agent can see. */
export interface ControlPlaneDouble extends AsyncDisposable {
  url: string
  port: number
  /** All messages of all links, in the order of arrival. */
  messages: AgentMessage[]
  registrations(): RegisterNodeRequest[]
  /** Ids of reports that bring news. */
  newsIds(): string[]
  /** Findings of reports that bring news. */
  news(): Finding[]
  /** Findings of the last full report; undefined before the first. */
  lastFull(): Finding[] | undefined
  /** Job events, in the order of arrival. */
  jobEvents(): JobEventJson[]
  /** Readings of jobs, batch by batch. */
  jobSamples(): JobSampleBatch[]
  headers: Record<string, unknown>[]
  /** Says something to every linked agent. */
  say(message: MessageInitShape<typeof ServerMessageSchema>): void
  /** Cuts every link. */
  cut(): void
}

export interface DoubleOptions {
  port?: number
  heartbeatSeconds?: number
  healthCheckSeconds?: number
  /** Whether messages are confirmed; decided for each. Default: all. */
  acknowledge?: (message: AgentMessage) => boolean
  /** What a link gets in place of an answer: an HTTP status, or a gRPC status in the trailers. */
  refuse?: { http: number } | { grpc: number }
}

/** Starts listening on the loopback. */
export async function startControlPlaneDouble(options: DoubleOptions = {}): Promise<ControlPlaneDouble> {
  const messages: AgentMessage[] = []
  const headers: Record<string, unknown>[] = []
  const streams = new Set<ServerHttp2Stream>()
  const sessions = new Set<ServerHttp2Session>()
  const server: Http2Server = createServer()

  const write = (stream: ServerHttp2Stream, message: MessageInitShape<typeof ServerMessageSchema>) => {
    if (!stream.destroyed)
      stream.write(encodeEnvelope(toBinary(ServerMessageSchema, create(ServerMessageSchema, message))))
  }
  const answer = (stream: ServerHttp2Stream, message: AgentMessage) => {
    messages.push(message)
    const acked = (options.acknowledge?.(message) ?? true) ? message.seq : 0n
    if (message.body.case !== 'register') return write(stream, { acked })
    const config = {
      heartbeatIntervalSeconds: options.heartbeatSeconds ?? 1,
      healthCheckIntervalSeconds: options.healthCheckSeconds ?? 60,
    }
    write(stream, { acked, body: { case: 'registered', value: { success: true, config } } })
  }

  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream, requestHeaders: IncomingHttpHeaders) => {
    headers.push({ ...requestHeaders })
    stream.on('error', () => {})
    if (options.refuse && 'http' in options.refuse)
      return void stream.respond({ ':status': options.refuse.http }, { endStream: true })
    if (options.refuse && 'grpc' in options.refuse) {
      return void stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(options.refuse.grpc) },
        { endStream: true },
      )
    }
    streams.add(stream)
    stream.on('close', () => streams.delete(stream))
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    const decode = createEnvelopeDecoder(1024 * 1024)
    stream.on('data', (chunk: Buffer) => {
      for (const bytes of decode(chunk)) answer(stream, fromBinary(AgentMessageSchema, bytes))
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const reports = () => messages.flatMap(({ body }) => (body.case === 'report' ? [body.value] : []))
  const cut = () => {
    for (const session of sessions) session.destroy()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    messages,
    headers,
    registrations: () => messages.flatMap(({ body }) => (body.case === 'register' ? [body.value] : [])),
    newsIds: () => reports().flatMap((report) => (report.full ? [] : [report.reportId])),
    news: () => reports().flatMap((report) => (report.full ? [] : report.findings)),
    lastFull: () => reports().findLast((report) => report.full)?.findings,
    jobEvents: () =>
      messages.flatMap(({ body }) =>
        body.case === 'jobEvents' ? body.value.events.map((text): JobEventJson => JSON.parse(text)) : [],
      ),
    jobSamples: () => messages.flatMap(({ body }) => (body.case === 'jobSamples' ? body.value.jobs : [])),
    say: (message) => {
      for (const stream of streams) write(stream, message)
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
