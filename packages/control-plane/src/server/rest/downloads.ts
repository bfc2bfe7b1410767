import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ServiceError } from '../../services/service-error.ts'

const programs = ['navarch-node', 'navarch'] as const
const machines = ['amd64', 'arm64'] as const

/** Names under `/download/` that are programs: files of the same names in the download directory. */
const downloadNames: readonly string[] = programs.flatMap((program) =>
  machines.map((machine) => `${program}-linux-${machine}`),
)

/**
 * A program to download, streamed, with its length and an ETag.
 * @throws ServiceError `not_found`, with the command that builds it, when it is not there
 */
export async function downloadOf(
  directory: string | undefined,
  name: string,
  { method, ifNoneMatch }: { method: string; ifNoneMatch: string | undefined },
): Promise<Response> {
  if (!downloadNames.includes(name)) {
    throw new ServiceError('not_found', `no such download: there are ${downloadNames.join(', ')} and install.sh`)
  }
  const path = directory === undefined ? undefined : join(directory, name)
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined)
  if (path === undefined || !found?.isFile()) {
    throw new ServiceError('not_found', `${name} is not built: run "npm run build:executables"`)
  }
  const etag = `"${found.size.toString(16)}-${Math.trunc(found.mtimeMs).toString(16)}"`
  if (ifNoneMatch === etag) return new Response(null, { status: 304, headers: { etag } })
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(found.size), etag }
  if (method === 'HEAD') return new Response(null, { headers })
  return new Response(Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>, { headers })
}
