import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a hook sent. */
export interface Received {
  path: string
  authorization: string | undefined
  body: Record<string, unknown>
}

/** A service that takes events, and says of itself that it is well. */
export interface ServiceDouble extends AsyncDisposable {
  url: string
  received: Received[]
  /** How the next requests are answered. */
  answer: { status: number; delayMs: number }
  /** Resolves when it has received so many events. */
  reach(count: number): Promise<void>
  /** Resolves when so many requests have come, answered or not. */
  asked(count: number): Promise<void>
}

export async function startServiceDouble(): Promise<ServiceDouble> {
  let wake = Promise.withResolvers<void>()
  let requests = 0
  const told = () => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  const double = {
    url: '',
    received: [] as Received[],
    answer: { status: 200, delayMs: 0 },
    reach: async (count: number) => {
      while (double.received.length < count) await wake.promise
    },
    asked: async (count: number) => {
      while (requests < count) await wake.promise
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { status, delayMs } = double.answer
    requests++
    told()
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    response.writeHead(status, { 'content-type': 'application/json' })
    if (request.method === 'GET') {
      response.end('{"status":"healthy","timestamp":"2026-01-01T00:00:00Z","version":"test"}')
      return
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
    const body: Record<string, unknown> = JSON.parse(text)
    response.end(JSON.stringify({ status: 'created', job_id: body['job_id'], message: '' }))
    if (status < 300)
      double.received.push({ path: request.url ?? '', authorization: request.headers.authorization, body })
    told()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  double.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return double
}
