import { once } from 'node:events'
import { chmod, chown, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import type { ErrorResponseJson, JobEventResponseJson } from '@navarch/api/jobs'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { JobEventJson } from './jobs/hook-event.ts'

/** What may be asked through the agent's socket. */
export interface SocketServices {
  /** The node as the control plane shows it, in JSON; undefined while it has not said. */
  nodeJson(): string | undefined
  /** Resolves when the event is safe here. */
  addEvent(event: JobEventJson): Promise<void>
}

export interface SocketOptions {
  /** e.g. /run/navarch/agent.sock. */
  path: string
  /** Group whose members may use it besides root. */
  group?: number
  clock: Clock
  log: Log
}

const maxBodyBytes = 64 * 1024
/** Of a request, whole. */
const requestDeadlineMs = 10_000
/** Within which an event is safe: while the disk is full, that is when the control plane has it. */
const keptWithinMs = 5000

/**
 * Answers on a unix socket until the signal is aborted: `GET /v1/node`, and `POST /v1/events/job-started` and
 * `job-finished`, which are on disk when they are answered, and then go to the control plane.
 * Nobody else's call is ever made: what is not known here is not there. Rejects when the socket cannot be made.
 */
export async function serveAgentSocket(options: SocketOptions, services: SocketServices, signal: AbortSignal) {
  const { path, log } = options
  const server = createServer((request, response) => {
    answer(request, services, options.clock).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      },
      (error: unknown) => fail(response, log, error),
    )
  })
  server.requestTimeout = requestDeadlineMs
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await rm(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  await chmod(path, 0o660)
  if (options.group !== undefined) await chown(path, 0, options.group)
  if (!signal.aborted) await once(signal, 'abort')
  server.close()
  server.closeAllConnections()
  await rm(path, { force: true })
}

interface Answer {
  status: number
  body: string
}

const eventPaths: Readonly<Record<string, 'started' | 'finished'>> = {
  '/v1/events/job-started': 'started',
  '/v1/events/job-finished': 'finished',
}

async function answer(request: IncomingMessage, services: SocketServices, clock: Clock): Promise<Answer> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  if (path === '/v1/node' && request.method === 'GET') {
    const node = services.nodeJson()
    if (node !== undefined) return { status: 200, body: `${node}\n` }
    return refusal(503, 'unavailable', 'the control plane has not told about this node yet')
  }
  const event = eventPaths[path]
  if (event === undefined || request.method !== 'POST') {
    const known = ['GET /v1/node', ...Object.keys(eventPaths).map((known) => `POST ${known}`)].join(', ')
    return refusal(404, 'not_found', `${request.method} ${path}: there are ${known}`)
  }
  const body = parseEvent(await readBody(request))
  if (typeof body === 'string') return refusal(400, 'validation_error', body)
  // The control plane checks the rest: it takes more, or less, in other versions.
  const kept = services.addEvent({ ...body, event } as JobEventJson)
  if (!(await isWithin(kept, keptWithinMs, clock)))
    return refusal(503, 'unavailable', 'neither the disk nor the control plane has taken the event yet; send it again')
  const reply: JobEventResponseJson = {
    status: 'created',
    job_id: body.job_id,
    message: 'kept by the agent, on its way to the control plane',
  }
  return { status: 200, body: `${JSON.stringify(reply)}\n` }
}

/** @returns what is wrong with it, when it is no event */
function parseEvent(text: string | undefined): { job_id: string } | string {
  if (text === undefined) return `the body is larger than ${maxBodyBytes} bytes`
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (error) {
    return `the body is no JSON: ${error instanceof Error ? error.message : String(error)}`
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'the body must be a JSON object'
  if (!('job_id' in body) || typeof body.job_id !== 'string' || !/^.{1,255}$/s.test(body.job_id))
    return 'job_id: must be text of 1 to 255 characters'
  return { ...body, job_id: body.job_id }
}

async function isWithin(work: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const cancel = clock.after(ms, () => late.resolve(false))
  return Promise.race([work.then(() => true), late.promise]).finally(cancel)
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes <= maxBodyBytes) chunks.push(chunk)
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(chunks).toString()
}

function refusal(status: number, error: ErrorResponseJson['error'], message: string): Answer {
  const body: ErrorResponseJson = { error, message }
  return { status, body: `${JSON.stringify(body)}\n` }
}

function fail(response: ServerResponse, log: Log, error: unknown): void {
  log.error('a request on the socket failed', { error: error instanceof Error ? error.message : String(error) })
  const { status, body } = refusal(500, 'internal_error', 'the agent could not answer; its log says why')
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}
