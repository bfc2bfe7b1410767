import { createServer, type Server } from 'node:http'
import { runCommand } from '@navarch/system/run-command'
import { afterEach, describe, expect, it } from 'vitest'
import { metricsSourceOf } from './metrics-source.ts'

const signal = new AbortController().signal
const effects = { fetch, run: runCommand }
let servers: Server[] = []
afterEach(() => {
  for (const server of servers) server.closeAllConnections()
  for (const server of servers) server.close()
  servers = []
})

function serve(body: string, status = 200): Promise<string> {
  const server = createServer((request, response) => {
    response.statusCode = status
    response.end(body.replace('POOL', new URL(request.url ?? '', 'http://x').searchParams.get('pool') ?? ''))
  })
  servers.push(server)
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`)
    }),
  )
}

const source = (labels: Record<string, string>) => metricsSourceOf({ labels }, effects)

describe('a metrics source', () => {
  it('is none where the labels name none', () => {
    expect(source({ partition: 'gpu' })).toBeUndefined()
  })

  it('reads an address', async () => {
    const url = await serve('{"pending_jobs": 3, "running_jobs": 2, "utilization_percent": 71.5}')
    expect(await source({ metrics_url: url })?.read('train', signal)).toEqual({
      pendingJobs: 3,
      runningJobs: 2,
      utilizationPercent: 71.5,
    })
  })

  it('runs a command with the name of the pool', async () => {
    const command = 'awk BEGIN{print("{\\"pending_jobs\\":"ARGC+2"}")}'
    expect(await source({ metrics_command: command })?.read('train', signal)).toEqual({ pendingJobs: 4 })
  })

  it.each([
    ['no JSON', 'oops', 200, /did not answer with JSON: "oops"/],
    ['a status of failure', '{}', 503, /answered 503/],
    ['none of the values', '{}', 200, /none of pending_jobs/],
    ['a negative count', '{"pending_jobs": -1}', 200, /pending_jobs/],
    ['an unknown key', '{"pending_jobs": 1, "jobs": 2}', 200, /jobs/],
  ])('refuses %s', async (_what, body, status, message) => {
    const url = await serve(body, status)
    await expect(source({ metrics_url: url })?.read('train', signal)).rejects.toThrow(message)
  })

  it('says which program is missing', async () => {
    await expect(source({ metrics_command: 'no-such-program' })?.read('train', signal)).rejects.toThrow(
      /no-such-program/,
    )
  })
})
