import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

interface Instance {
  id: string
  name?: string
  ip?: string
  status: string
  region: { name: string; description: string }
  instance_type: { name: string }
  tags: { key: string; value: string }[]
  /** Reads that do not show it yet. */
  hiddenReads: number
}

interface ApiError {
  status: number
  code: string
  message: string
  suggestion?: string
}

/** A local double of the Lambda Cloud API, as published in version 1.8.3 (https://docs.lambda.ai/api/cloud). */
export interface LambdaDouble {
  baseUrl: string
  apiKey: string
  /** All instances ever launched. */
  instances: Map<string, Instance>
  /** "METHOD path" of all requests. */
  requests: string[]
  /** Instances that may run at one time. */
  capacity: number
  /** How often lists and lookups deny a new instance. */
  hiddenReads: number
  /** Names of the account's SSH keys. */
  sshKeys: string[]
  /** Applied to the next request whose path ends so, once. `drop` does the work and never answers. */
  misbehave(
    path: string,
    how:
      | { kind: 'drop' }
      | { kind: 'fail'; error: ApiError; headers?: Record<string, string> }
      | { kind: 'text'; status: number; body: string },
  ): void
  /** All booting instances become active, with an address. */
  boot(): void
  stop(): Promise<void>
}

const errors = {
  key: { status: 401, code: 'global/invalid-api-key', message: 'API key was invalid, expired, or deleted.' },
  missing: { status: 404, code: 'global/object-does-not-exist', message: 'Specified instance does not exist.' },
  capacity: {
    status: 400,
    code: 'instance-operations/launch/insufficient-capacity',
    message: 'Not enough capacity to fulfill launch request.',
    suggestion: 'Choose an instance type with more availability, or try again later.',
  },
  parameters: { status: 400, code: 'global/invalid-parameters', message: 'Invalid request data.' },
} satisfies Record<string, ApiError>

const types = new Set(['gpu_8x_h100_sxm5', 'gpu_1x_a10'])

export async function startLambdaDouble(): Promise<LambdaDouble> {
  const faults: { path: string; how: Parameters<LambdaDouble['misbehave']>[1] }[] = []
  const double: LambdaDouble = {
    baseUrl: '',
    apiKey: 'secret_double_0123',
    instances: new Map(),
    requests: [],
    capacity: 100,
    hiddenReads: 0,
    sshKeys: ['key'],
    misbehave: (path, how) => void faults.push({ path, how }),
    boot() {
      for (const instance of double.instances.values()) {
        if (instance.status !== 'booting') continue
        instance.status = 'active'
        instance.ip = `203.0.113.${[...double.instances.keys()].indexOf(instance.id) + 1}`
      }
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const path = (request.url ?? '').replace('/api/v1', '')
      double.requests.push(`${request.method} ${path}`)
      const at = faults.findIndex((fault) => path.endsWith(fault.path))
      const how = at < 0 ? undefined : faults.splice(at, 1)[0]?.how
      if (how?.kind === 'text') response.writeHead(how.status).end(how.body)
      else if (how?.kind === 'fail') sendError(response, how.error, how.headers)
      else if (request.headers.authorization !== `Bearer ${double.apiKey}`) sendError(response, errors.key)
      else {
        const answer = handle(double, request.method ?? '', path, body)
        // A dropped answer: the work is done and the client learns nothing of it.
        if (how?.kind === 'drop') return
        if ('code' in answer) sendError(response, answer)
        else sendJson(response, 200, answer)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  double.baseUrl = `http://127.0.0.1:${address.port}/api/v1`
  return double
}

function handle(double: LambdaDouble, method: string, path: string, body: unknown): { data: unknown } | ApiError {
  const visible = (instance: Instance) => instance.hiddenReads-- <= 0
  if (method === 'GET' && path === '/instances') {
    const listed = [...double.instances.values()].filter((each) => each.status !== 'terminated')
    return { data: listed.filter(visible).map(show) }
  }
  if (method === 'GET' && path === '/ssh-keys') {
    return { data: double.sshKeys.map((name) => ({ id: name, name, public_key: 'ssh-ed25519 AAAA' })) }
  }
  const id = /^\/instances\/([^/]+)$/.exec(path)?.[1]
  if (method === 'GET' && id !== undefined) {
    const instance = double.instances.get(id)
    return instance && visible(instance) ? { data: show(instance) } : errors.missing
  }
  const input = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (method === 'POST' && path === '/instance-operations/launch') return launch(double, input)
  if (method === 'POST' && path === '/instance-operations/terminate') return terminate(double, input)
  return { status: 404, code: 'global/not-found', message: 'Not found.' }
}

function launch(double: LambdaDouble, input: Record<string, unknown>): { data: unknown } | ApiError {
  const { region_name: region, instance_type_name: type, ssh_key_names: keys, name, tags } = input
  if (typeof region !== 'string' || typeof type !== 'string' || !Array.isArray(keys)) return errors.parameters
  if (keys.length !== 1 || (typeof name === 'string' && name.length > 64)) return errors.parameters
  if (!types.has(type)) return { ...errors.missing, message: 'Specified instance type does not exist.' }
  const alive = [...double.instances.values()].filter((each) => each.status !== 'terminated')
  if (alive.length >= double.capacity) return errors.capacity
  const instance: Instance = {
    id: randomUUID().replaceAll('-', ''),
    ...(typeof name === 'string' && { name }),
    status: 'booting',
    region: { name: region, description: region },
    instance_type: { name: type },
    tags: Array.isArray(tags) ? tags : [],
    hiddenReads: double.hiddenReads,
  }
  double.instances.set(instance.id, instance)
  return { data: { instance_ids: [instance.id] } }
}

function terminate(double: LambdaDouble, input: Record<string, unknown>): { data: unknown } | ApiError {
  const ids = Array.isArray(input['instance_ids']) ? input['instance_ids'] : []
  const found = ids.map((id) => double.instances.get(String(id))).filter((each) => each !== undefined)
  if (found.length < ids.length || found.some((each) => each.hiddenReads > 0)) return errors.missing
  for (const instance of found) instance.status = 'terminated'
  return { data: { terminated_instances: found.map(show) } }
}

function show({ hiddenReads: _, ...instance }: Instance) {
  return { ...instance, ssh_key_names: ['key'], file_system_names: [], hostname: 'x.cloud.lambda.ai' }
}

function sendError(response: ServerResponse, error: ApiError, headers: Record<string, string> = {}): void {
  const { status, ...about } = error
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  sendJson(response, status, { error: about })
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? undefined : JSON.parse(text)
}
