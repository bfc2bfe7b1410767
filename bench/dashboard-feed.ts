/** Serves the built page and 10,000 nodes that change all the time, in the API's own form, so that the page alone is measured. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SessionJson } from '@navarch/api/auth'
import type {
  FleetDeltaJson,
  FleetJson,
  FleetNodeJson,
  FreshnessJson,
  NodeCellState,
  OverviewJson,
} from '@navarch/api/views'
import { createDashboardFiles } from '@navarch/control-plane/server/dashboard-files'
import { systemClock } from '@navarch/system/clock'

export interface Feed {
  url: string
  /** Bytes of bodies sent so far, as they go over the wire. */
  bytesSent: () => number
  /** Sends new figures of all nodes to all pages. */
  update: () => void
  close: () => Promise<void>
}

/** As the control plane sends them: parsing one takes a page a small part of a frame. */
const rowsPerMessage = 2000

const states: readonly NodeCellState[] = ['busy', 'busy', 'busy', 'mixed', 'idle', 'draining', 'down', 'unknown']

/** @param count nodes, in racks of 32 */
export async function startFeed(dashboardDir: string, count: number): Promise<Feed> {
  const files = createDashboardFiles(dashboardDir)
  const pages = new Set<ServerResponse>()
  let revision = 1
  let bytes = 0
  const nodes = Array.from({ length: count }, (_, index) => nodeAt(index, 0))

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://feed')
    if (pathname === '/api/v1/fleet/live') return follow(response)
    const json = answers(pathname, nodes, revision)
    if (json !== undefined) return send(response, 'application/json', JSON.stringify(json))
    sendFile(request, response, pathname)
  })

  function follow(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': here\n\n')
    pages.add(response)
    response.on('close', () => pages.delete(response))
  }

  function send(response: ServerResponse, type: string, body: string): void {
    response.writeHead(200, { 'content-type': type }).end(body)
  }

  function sendFile(request: IncomingMessage, response: ServerResponse, path: string): void {
    const { accept, 'accept-encoding': acceptEncoding } = request.headers
    const answer = files.answer({
      method: 'GET',
      path,
      accept,
      acceptEncoding: typeof acceptEncoding === 'string' ? acceptEncoding : undefined,
      ifNoneMatch: undefined,
    })
    if (!answer) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end('{"error":{"code":"not_found","message":"not part of the benchmark"}}')
      return
    }
    bytes += answer.body?.length ?? 0
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytesSent: () => bytes,
    update() {
      revision += 1
      for (let index = 0; index < count; index += 1) nodes[index] = nodeAt(index, revision)
      for (let start = 0; start < count; start += rowsPerMessage) {
        const delta: FleetDeltaJson = { revision, changed: nodes.slice(start, start + rowsPerMessage), removed: [] }
        const text = `event: fleet\ndata: ${JSON.stringify(delta)}\n\n`
        for (const page of pages) page.write(text)
      }
    },
    async close() {
      for (const page of pages) page.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Figures that wander with the revision; a node keeps its state for some revisions. */
function nodeAt(index: number, revision: number): FleetNodeJson {
  const rack = Math.floor(index / 32)
  const state = states[(index * 7 + Math.floor((revision + index) / 20)) % states.length] ?? 'idle'
  const isBusy = state === 'busy' || state === 'mixed'
  const wander = (index * 31 + revision * 17) % 100
  return {
    id: `node-${String(index).padStart(5, '0')}`,
    pool: index % 5 === 0 ? 'dev' : 'train',
    partitions: ['gpu'],
    rack: `r${String(rack).padStart(3, '0')}`,
    switch: `s${Math.floor(rack / 8)}`,
    type: 'h100-8x',
    gpu_type: 'h100',
    gpus: 8,
    state,
    owner: state === 'draining' ? 'navarch' : '',
    health: state === 'down' ? 'unhealthy' : 'healthy',
    gpus_used: isBusy ? 8 : 0,
    gpu_percent: isBusy ? wander : 0,
    gpu_memory_percent: isBusy ? (wander * 3) % 100 : 0,
    temperature: 35 + (wander % 50),
    power: 600 + wander * 50,
    cpu_percent: wander,
    memory_percent: (wander * 7) % 100,
    jobs: isBusy ? [String(1000 + Math.floor(index / 4))] : [],
    users: isBusy ? [`user${index % 40}`] : [],
    xids: state === 'down' ? [79] : [],
    reason: state === 'down' ? 'XID 79: GPU has fallen off the bus' : '',
    operation: '',
    since: '2026-01-01T00:00:00.000Z',
    seen_at: '2026-01-01T00:00:00.000Z',
  }
}

function freshnessNow(): FreshnessJson {
  const now = new Date(systemClock.now()).toISOString()
  return { slurm_at: now, slurm_every: 15, slurm_problem: null, now }
}

function answers(path: string, nodes: FleetNodeJson[], revision: number): unknown {
  if (path === '/auth/session') {
    return {
      access: 'open',
      user: { name: 'bench', role: 'viewer', via: 'open' },
      csrf_token: null,
      expires_at: null,
      idle_expires_at: null,
      login: { token: false, problem: null, oidc: null },
    } satisfies SessionJson
  }
  if (path === '/api/v1/fleet') return { revision, nodes, freshness: freshnessNow() } satisfies FleetJson
  if (path === '/api/v1/activity') return []
  if (path === '/api/v1/history') return { points: [] }
  if (path !== '/api/v1/overview') return undefined
  const count = (state: NodeCellState) => nodes.filter((node) => node.state === state).length
  return {
    mood: 'good',
    sentence: `Nothing to do: ${nodes.length} nodes.`,
    todo: [],
    nodes: {
      busy: count('busy'),
      mixed: count('mixed'),
      idle: count('idle'),
      reserved: 0,
      powering: 0,
      draining: count('draining'),
      drained: 0,
      down: count('down'),
      unknown: count('unknown'),
    },
    gpus: { total: nodes.length * 8, busy: nodes.length * 4, idle: nodes.length * 4, broken: 0, coming: 0, unknown: 0 },
    cpus: null,
    queue: { pending: 0, by_reason: [] },
    jobs_running: 0,
    throughput: [],
    alerts: { critical: 0, warning: 0, info: 0 },
    operations: { running: 0, waiting: 0, failed: 0, to_approve: [] },
    freshness: freshnessNow(),
  } satisfies OverviewJson
}
