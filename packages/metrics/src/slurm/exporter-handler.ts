import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SlurmExporter } from './exporter.ts'

const index = 'Figures of Slurm for Prometheus: /metrics. Whether this program is alive: /healthz.\n'

/** Answers `/metrics`, compressed for those that take gzip, `/healthz` (and `/health`), and `/` with where these are. */
export function exporterHandler(
  exporter: Pick<SlurmExporter, 'page'>,
  onError: (error: unknown) => void,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1)
    request.resume()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      return answer(response, 405, `${request.method}: there are GET and HEAD\n`)
    }
    if (path === '/healthz' || path === '/health') return answer(response, 200, 'ok\n')
    if (path === '/') return answer(response, 200, index)
    if (path !== '/metrics')
      return answer(response, 404, `there is no ${path.slice(0, 200)}; there are /metrics and /healthz\n`)
    const gzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(request.headers['accept-encoding'] ?? ''))
    exporter.page(gzip).then(
      (parts) => {
        const length = parts.reduce((sum, part) => sum + part.length, 0)
        response.writeHead(200, {
          'content-type': 'text/plain; version=0.0.4; charset=utf-8',
          'content-length': length,
          vary: 'accept-encoding',
          ...(gzip && { 'content-encoding': 'gzip' }),
        })
        if (request.method === 'GET') for (const part of parts) response.write(part)
        response.end()
      },
      (error: unknown) => {
        onError(error)
        answer(response, 500, 'the figures could not be made; the log says why\n')
      },
    )
  }
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
