import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { JobReportJson, UsageJson, WasteJson } from '@navarch/api/jobs'
import type {
  BootstrapLogJson,
  ErrorJson,
  EventJson,
  NodeJson,
  OperationJson,
  PoolExplanationJson,
  PoolJson,
} from '@navarch/api/rest'
import { type Route, routes } from '@navarch/api/routes'

/** What a double answers with; tests change it while it runs. */
export interface FleetState {
  nodes: NodeJson[]
  pools: PoolJson[]
  explanations: PoolExplanationJson[]
  /** The states of each operation, one for each time it is asked for; the last one stays. */
  operations: OperationJson[][]
  events: EventJson[]
  bootstrapLogs: BootstrapLogJson[]
  /** Each job's reports, one for each time it is asked for; the last one stays. */
  reports: JobReportJson[][]
  waste: WasteJson[]
  usage: UsageJson['rows']
}

export interface SeenRequest {
  method: string
  /** Path and query. */
  url: string
  body: unknown
  headers: IncomingMessage['headers']
}

/** The REST API on a real port, over fixtures in place of a fleet. */
export interface ControlPlaneDouble extends AsyncDisposable {
  url: string
  state: FleetState
  requests: SeenRequest[]
  /** Refuses everything with this error while set. */
  refuse: ErrorJson['error'] | undefined
  /** Cuts every connection without an answer while set. */
  away: boolean
  /** Adds an event, and sends it to those who follow. */
  emit(event: EventJson): void
  /** Cuts the streams that are open. */
  cutStreams(): void
  /** Resolves when `count` streams have been opened since the start. */
  streamsOpened(count: number): Promise<void>
}

const statuses: Record<ErrorJson['error']['code'], number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  internal: 500,
  rate_limited: 429,
  unavailable: 503,
}

class Refusal extends Error {
  readonly code: ErrorJson['error']['code']
  constructor(code: ErrorJson['error']['code'], message: string) {
    super(message)
    this.code = code
  }
}

type Handler = (parameters: Record<string, string>, query: URLSearchParams, body: unknown) => unknown

/** Starts a double on a free port of the loopback interface. */
export async function startControlPlaneDouble(initial: Partial<FleetState> = {}): Promise<ControlPlaneDouble> {
  const state: FleetState = {
    nodes: [],
    pools: [],
    explanations: [],
    operations: [],
    events: [],
    bootstrapLogs: [],
    reports: [],
    waste: [],
    usage: [],
    ...initial,
  }
  const streams = new Set<ServerResponse>()
  const opened = { count: 0, wake: () => {} }
  const requests: SeenRequest[] = []
  const handlers = handlersOf(state)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://double')
    const text = await bodyOf(request)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    requests.push({ method: request.method ?? '', url: request.url ?? '', body, headers: request.headers })
    if (double.away) return void request.socket.destroy()
    try {
      if (double.refuse) throw new Refusal(double.refuse.code, double.refuse.message)
      if (url.pathname === routes.events && request.headers.accept === 'text/event-stream')
        return follow(request, url, response)
      send(response, 200, dispatch(handlers, `${request.method} ${url.pathname}`, url.searchParams, body))
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('internal', String(error))
      send(response, statuses[refusal.code], { error: { code: refusal.code, message: refusal.message } })
    }
  }

  function follow(request: IncomingMessage, url: URL, response: ServerResponse): void {
    const after = Number(request.headers['last-event-id'] ?? url.searchParams.get('after') ?? 0)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': events\n\n')
    for (const event of state.events) if (event.seq > after) response.write(eventText(event))
    streams.add(response)
    response.on('close', () => streams.delete(response))
    opened.count += 1
    opened.wake()
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0

  const double: ControlPlaneDouble = {
    url: `http://127.0.0.1:${port}`,
    state,
    requests,
    refuse: undefined,
    away: false,
    emit(event) {
      state.events.push(event)
      for (const stream of streams) stream.write(eventText(event))
    },
    cutStreams() {
      for (const stream of streams) stream.destroy()
    },
    async streamsOpened(count) {
      while (opened.count < count) {
        await new Promise<void>((resolve) => {
          opened.wake = resolve
        })
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return double
}

/** An address at which nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

function handlersOf(state: FleetState): Partial<Record<`${'GET' | 'POST'} ${Route}`, Handler>> {
  const nodeOf = ({ id = '' }: Record<string, string>) => {
    const short = id.split('.')[0]
    return found(
      state.nodes.find((node) => node.id === id || node.id === short),
      `node not found: ${id}`,
    )
  }
  const poolOf = ({ name }: Record<string, string>) =>
    found(
      state.pools.find((pool) => pool.name === name),
      `pool not found: ${name}`,
    )
  const operationOf = ({ id }: Record<string, string>) => {
    const states = found(
      state.operations.find(([first]) => first?.id === id),
      `operation not found: ${id}`,
    )
    return (states.length > 1 ? states.shift() : states[0]) ?? {}
  }
  const filtered = <Item extends object>(items: Item[], query: URLSearchParams, keys: (keyof Item & string)[]) =>
    items.filter((item) => keys.every((key) => !query.has(key) || query.get(key) === item[key]))
  return {
    'GET nodes': (_, query) => filtered(state.nodes, query, ['provider', 'region', 'status', 'pool', 'health']),
    'GET node': nodeOf,
    'POST nodeCordon': nodeOf,
    'POST nodeUncordon': nodeOf,
    'POST nodeDrain': nodeOf,
    'GET nodeBootstrapLogs': (parameters) => {
      const { id } = nodeOf(parameters)
      return state.bootstrapLogs.filter((log) => log.node === id)
    },
    'GET pools': () => state.pools,
    'GET pool': poolOf,
    'GET poolExplain': ({ name }) =>
      found(
        state.explanations.find(({ pool }) => pool === name),
        `pool not found: ${name}`,
      ),
    'POST poolScale': (parameters, _, body) => ({
      ...poolOf(parameters),
      manual_size: (body as { nodes: number | null }).nodes,
    }),
    'GET operations': (_, query) =>
      filtered(
        state.operations.flatMap((states) => states.slice(0, 1)),
        query,
        ['pool', 'node'],
      ),
    'GET operation': operationOf,
    'POST operationCancel': (parameters) => ({ ...operationOf(parameters), state: 'cancelled' }),
    'POST operationRetry': (parameters) => ({ ...operationOf(parameters), state: 'running' }),
    'GET events': (_, query) => {
      const limit = Number(query.get('limit') ?? 1000)
      const after = query.get('after')
      return after === null
        ? state.events.slice(-limit)
        : state.events.filter((event) => event.seq > Number(after)).slice(0, limit)
    },
    'GET jobs': (_, query) => {
      const jobs = filtered(
        state.reports.flatMap(([first]) => (first ? [first.job] : [])),
        query,
        ['user', 'state'],
      )
      const limit = Number(query.get('limit'))
      return { jobs: jobs.slice(0, limit), total: jobs.length, limit, offset: 0 }
    },
    'GET jobRuns': ({ jobId }) => {
      const [report] = found(
        state.reports.find(([first]) => first?.job.id === jobId),
        `job not found: ${jobId}; GET /v1/jobs lists what there is`,
      )
      return report ? [report.job] : []
    },
    'GET jobReport': ({ jobId }) => {
      const reports = found(
        state.reports.find(([first]) => first?.job.id === jobId || first?.job.run_id === jobId),
        `job not found: ${jobId}`,
      )
      return (reports.length > 1 ? reports.shift() : reports[0]) ?? {}
    },
    'GET waste': () => state.waste,
    'GET usage': (_, query) => ({
      by: query.get('by'),
      from: query.get('start_time'),
      to: query.get('end_time'),
      rows: state.usage,
    }),
    'GET version': () => ({ version: '9.9.9', store: 'sqlite', slurm: '24.11.5' }),
  }
}

function dispatch(
  handlers: ReturnType<typeof handlersOf>,
  request: string,
  query: URLSearchParams,
  body: unknown,
): unknown {
  const [method = '', path = ''] = request.split(' ')
  for (const [route, template] of Object.entries(routes) as [Route, string][]) {
    const pattern = new RegExp(`^${template.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
    const match = pattern.exec(path)
    const handler = match && handlers[`${method as 'GET' | 'POST'} ${route}`]
    if (!handler) continue
    const parameters = Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)])
    return handler(Object.fromEntries(parameters), query, body)
  }
  throw new Refusal('not_found', `no such route: ${request}`)
}

function found<T>(item: T | undefined, message: string): T {
  if (item === undefined) throw new Refusal('not_found', message)
  return item
}

function eventText(event: EventJson): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
