import type { Server } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Clock } from '@navarch/system/clock'
import { listen, urlOf } from './listen.ts'
import type { RequestHandler } from './request-handler.ts'
import { ServerStartError } from './start-error.ts'
import { isJobsPath } from './v1/jobs-app.ts'

/** The port that the job API has for itself. */
export type JobsListener = { close(graceMs: number, clock: Clock): Promise<void> } & (
  | { url: string; problem?: undefined }
  /** Why it is not open, with the remedy. */
  | { problem: string }
)

/** Lets through what belongs to the job API, and probes. */
export function jobsOnly(handle: RequestHandler): RequestHandler {
  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? ''
    if (isJobsPath(path) || path === '/metrics' || path === '/healthz') return handle(request, response)
    request.resume()
    response.statusCode = 404
    response.setHeader('content-type', 'application/json')
    const message = 'this port has the job API alone: /docs describes it; all else is on the main port'
    response.end(JSON.stringify({ error: 'not_found', message }))
  }
}

/** What listens on the port, and what answers on it; over TLS those are two. */
export interface JobsPort {
  server: NetServer
  http1: Pick<Server, 'closeIdleConnections'>
  /** Cuts off what does not end by itself. */
  destroyAll(): void
  scheme: 'http' | 'https'
}

/** Opens the job API's own port. One that is taken is told, and stops nothing. */
export async function startJobsListener(
  { server, http1, destroyAll, scheme }: JobsPort,
  wanted: { host: string; port: number },
): Promise<JobsListener> {
  try {
    return { url: urlOf(await listen(server, wanted, 'server.jobs_address or PORT'), scheme), close }
  } catch (error) {
    if (!(error instanceof ServerStartError)) throw error
    return { problem: error.message, close: async () => {} }
  }

  async function close(graceMs: number, clock: Clock): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    http1.closeIdleConnections()
    const cancelCutOff = clock.after(graceMs, destroyAll)
    await closed
    cancelCutOff()
  }
}
