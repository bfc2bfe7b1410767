import { request } from 'node:http'
import type { RestFetch } from '@navarch/slurm/rest/rest-call'

/** A `fetch` over the unix socket at `path`, whatever host the URL names; as much of it as slurmrestd's client uses. */
export function unixFetch(path: string): RestFetch {
  return (url, { method = 'GET', headers = {}, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url)
      const options = {
        socketPath: path,
        path: pathname + search,
        method,
        headers,
        ...(signal && { signal }),
        // slurmrestd 26.05 sends some errors twice; Node's strict parser would give up the first for the second.
        insecureHTTPParser: true,
      }
      const call = request(options, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8')
          resolve({ status: answer.statusCode ?? 0, text: async () => text })
        })
      })
      call.on('error', reject)
      call.end(body)
    })
}
