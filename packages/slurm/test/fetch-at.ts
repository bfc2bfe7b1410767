import { request } from 'node:http'
import type { RestFetch } from '../src/rest/rest-call.ts'

/** The `fetch` for a base address: Node's own, or one over the socket of "unix:/path". */
export function fetchAt(base: string): RestFetch {
  if (!base.startsWith('unix:')) return fetch
  return (url, { method = 'GET', headers = {}, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url)
      const call = request(
        {
          socketPath: base.slice(5),
          path: pathname + search,
          method,
          headers,
          ...(signal && { signal }),
          // slurmrestd 26.05 sends some of its errors twice.
          insecureHTTPParser: true,
        },
        (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.on('error', reject)
          answer.on('end', () => {
            const text = Buffer.concat(parts).toString('utf8')
            resolve({ status: answer.statusCode ?? 0, text: async () => text })
          })
        },
      )
      call.on('error', reject)
      call.end(body)
    })
}
