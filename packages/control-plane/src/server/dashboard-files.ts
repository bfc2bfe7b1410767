import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { takesEncoding } from './takes-encoding.ts'

/** A request as far as files go. */
export interface FileRequest {
  method: string
  /** Without the query, as it was sent. */
  path: string
  accept: string | undefined
  acceptEncoding: string | undefined
  ifNoneMatch: string | undefined
}

export interface FileAnswer {
  status: 200 | 304 | 404
  headers: Record<string, string>
  /** Absent: there is none, as for HEAD. */
  body?: Buffer
}

/** The built dashboard: an `index.html`, files beside it, and files under `assets/` whose names have their content's hash. */
export interface DashboardFiles {
  /** The answer to a request for a file or a page; undefined when it is for something else. */
  answer(request: FileRequest): FileAnswer | undefined
}

interface StoredFile {
  /** By encoding; `identity` is always there. */
  bodies: Map<Encoding, Buffer>
  etag: string
  type: string
}

type Encoding = 'br' | 'gzip' | 'identity'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json',
}

/** What every file of the dashboard is sent with: it runs its own scripts alone, and nobody frames it. */
const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

/** Paths that are no pages, whoever asks: each ends, or goes on with a "/". */
const notPages = [
  '/api',
  '/v1',
  '/auth',
  '/download',
  '/assets',
  '/metrics',
  '/healthz',
  '/readyz',
  '/openapi.json',
  '/docs',
]

/**
 * Whether a GET of this path may be for a page of the dashboard, which the page itself tells apart from the address.
 * RPCs have paths of "/package.Service/Method".
 */
export function isPagePath(path: string): boolean {
  if (notPages.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) return false
  return !/^\/(?:[a-z0-9]+\.)+[A-Za-z0-9]+\/[A-Za-z]+$/.test(path)
}

/**
 * The dashboard's files, held in memory: only what is in the folder has a name, so no path leads out of it. They are read again
 * when `index.html` has changed.
 * @param directory the built dashboard; undefined, or one without an `index.html`: there is none
 */
export function createDashboardFiles(directory: string | undefined): DashboardFiles {
  let files: ReadonlyMap<string, StoredFile> = new Map()
  let stamp = ''

  function refresh(): void {
    const now = directory === undefined ? '' : stampOf(join(directory, 'index.html'))
    if (now === stamp || directory === undefined) return
    try {
      files = now === '' ? new Map() : readFiles(directory)
      stamp = now
    } catch {
      // A build has just put another folder in this one's place: the next request looks again.
    }
  }
  refresh()

  return {
    answer(request) {
      if (directory === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
      const asset = request.path.startsWith('/assets/')
      const wanted = files.get(request.path)
      // A file under another name than before is one of a build that was made since.
      if (!asset || !wanted) refresh()
      const file = files.get(request.path)
      if (file && request.path !== '/index.html') {
        const caching = asset ? 'public, max-age=31536000, immutable' : 'no-cache'
        return send(file, request, caching)
      }
      if (asset) return files.size === 0 ? undefined : missing()
      const index = files.get('/index.html')
      if (!index || !takesHtml(request.accept) || !isPagePath(request.path)) return undefined
      return send(index, request, 'no-cache')
    },
  }
}

function send(file: StoredFile, request: FileRequest, caching: string): FileAnswer {
  const encoding = chooseEncoding(request.acceptEncoding, file.bodies)
  const headers = {
    ...pageHeaders,
    'content-type': file.type,
    'cache-control': caching,
    etag: etagOf(file, encoding),
    vary: file.type.startsWith('text/html') ? 'accept, accept-encoding' : 'accept-encoding',
    ...(encoding !== 'identity' && { 'content-encoding': encoding }),
  }
  if (matches(request.ifNoneMatch, headers.etag)) return { status: 304, headers }
  const body = file.bodies.get(encoding) ?? Buffer.alloc(0)
  const whole = { ...headers, 'content-length': String(body.length) }
  return request.method === 'HEAD' ? { status: 200, headers: whole } : { status: 200, headers: whole, body }
}

function missing(): FileAnswer {
  const body = Buffer.from('no such file: the page was built anew; load it again\n')
  const headers = { ...pageHeaders, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  return { status: 404, headers, body }
}

/** The best encoding that the caller takes and that there is. */
function chooseEncoding(accepted: string | undefined, bodies: ReadonlyMap<Encoding, Buffer>): Encoding {
  const takes = (encoding: 'br' | 'gzip') => bodies.has(encoding) && takesEncoding(accepted, encoding)
  return (['br', 'gzip'] as const).find(takes) ?? 'identity'
}

function etagOf(file: StoredFile, encoding: Encoding): string {
  return encoding === 'identity' ? `"${file.etag}"` : `"${file.etag}-${encoding}"`
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch === '*' || ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
}

/** A browser that opens a page says so; scripts and `curl` take anything, and get what they got before. */
function takesHtml(accept: string | undefined): boolean {
  return accept?.split(',').some((part) => part.split(';', 1)[0]?.trim().toLowerCase() === 'text/html') ?? false
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs}-${size}-${ino}`
  } catch {
    return ''
  }
}

const compressed: Readonly<Record<string, Encoding>> = { '.br': 'br', '.gz': 'gzip' }

/** Reads a folder whole. What is compressed lies beside what it is of, with one more ending. */
function readFiles(directory: string): Map<string, StoredFile> {
  const found = new Map<string, StoredFile>()
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name))
  for (const path of paths) {
    if (compressed[extname(path)] !== undefined) continue
    const content = readFileSync(path)
    const bodies = new Map<Encoding, Buffer>([['identity', content]])
    for (const [ending, encoding] of Object.entries(compressed)) {
      if (paths.includes(path + ending)) bodies.set(encoding, readFileSync(path + ending))
    }
    const name = `/${path.slice(directory.length).split(sep).filter(Boolean).join('/')}`
    found.set(name, {
      bodies,
      etag: createHash('sha256').update(content).digest('base64url').slice(0, 22),
      type: types[extname(path)] ?? 'application/octet-stream',
    })
  }
  return found
}
