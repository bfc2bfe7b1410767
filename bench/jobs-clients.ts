/**
 * The other side of `bench/jobs.ts`, in a process of its own: what it measures it prints as one line of JSON.
 *
 *   node bench/jobs-clients.ts single|batches|samples --server URL --seconds N [--clients 32] [--batch 200] [--nodes 5000] [--gpus 8]
 *
 * `single`: one event per request, keep-alive connections, the next request after the answer.
 * `batches`: agents' links, events in batches, the next batch after the acknowledgement.
 * `samples`: one running job on each node, a reading of it and its GPUs every 15 s, spread evenly.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { createConnection, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { createEnvelopeDecoder, encodeEnvelope } from '@navarch/agent/envelope'
import { type AgentMessage, AgentMessageSchema, ServerMessageSchema } from '@navarch/api/control-plane'
import type { GpuUsage, NodeUsage } from '@navarch/core/job/node-usage'
import { gpuColumns, hostColumns } from '@navarch/core/job/sample-columns'
import { systemClock } from '@navarch/system/clock'
import { quantile } from './report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string', default: '' },
    seconds: { type: 'string', default: '10' },
    clients: { type: 'string', default: '32' },
    batch: { type: 'string', default: '200' },
    nodes: { type: 'string', default: '5000' },
    gpus: { type: 'string', default: '8' },
    /** The first job's id: another one for each run against the same service. */
    first: { type: 'string', default: '1' },
  },
})
const server = new URL(values.server)
const seconds = Number(values.seconds)
const clients = Number(values.clients)
const batch = Number(values.batch)
const endAt = performance.now() + seconds * 1000
/** Milliseconds between two readings. */
const sampleIntervalMs = 15_000

let jobs = Number(values.first)

/** The next event: a job of one node with 8 GPUs starts, and then ends. Texts are put together by hand: this is not what is measured. */
function* eventsOf(node: string): Generator<{ path: string; body: string }> {
  const gpus = Array.from({ length: 8 }, (_, index) => ({ uuid: `GPU-${node}-${index}`, vendor: 'nvidia', index }))
  const place = `"node":"${node}","restart":0`
  const rest = { cpu_allocation: 96, memory_allocation_mb: 512_000, gpu_allocation: 8, gpu_vendor: 'nvidia', gpus }
  const allocation = JSON.stringify({ node_list: [node], ...rest, partition: 'gpu' }).slice(1, -1)
  for (;;) {
    const id = jobs++
    const who = `"user":"user${id % 97}","account":"group${id % 13}"`
    const started = `{"event":"started","job_id":"${id}","timestamp":"${timestamp()}",${place},${who},${allocation}}`
    yield { path: '/v1/events/job-started', body: started }
    const how = `"final_state":"completed","exit_code":${id % 20 === 0 ? 1 : 0}`
    const finished = `{"event":"finished","job_id":"${id}","timestamp":"${timestamp()}",${place},${how}}`
    yield { path: '/v1/events/job-finished', body: finished }
  }
}

const lastTime = { at: 0, text: '' }
function timestamp(): string {
  const at = Date.now()
  if (at !== lastTime.at) Object.assign(lastTime, { at, text: new Date(at).toISOString() })
  return lastTime.text
}

/** Requests one after the other on a connection, without the cost of a general client: it shares the cores with the server. */
async function singleClient(index: number, latencies: number[]): Promise<void> {
  const socket = createConnection(Number(server.port), server.hostname)
  socket.setNoDelay(true)
  const nextAnswer = answersOf(socket)
  const head = `HTTP/1.1\r\nhost: ${server.host}\r\ncontent-type: application/json\r\ncontent-length: `
  const events = eventsOf(`n${index}`)
  while (performance.now() < endAt) {
    const { path, body } = events.next().value
    const before = performance.now()
    // ASCII, so that its characters are its bytes.
    socket.write(`POST ${path} ${head}${body.length}\r\n\r\n${body}`, 'latin1')
    const answer = await nextAnswer()
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`the server answered ${answer.slice(0, 400)}`)
    latencies.push(performance.now() - before)
  }
  socket.end()
}

/** Tells of whole answers, one for each call; the server sends a length with each. */
function answersOf(socket: Socket): () => Promise<string> {
  let text = ''
  let waiting: { resolve: (answer: string) => void; reject: (error: Error) => void } | undefined
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end === -1 || text.length < end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1])) return
    waiting?.resolve(text)
    text = ''
  })
  socket.on('error', (error) => waiting?.reject(error))
  socket.on('close', () => waiting?.reject(new Error('the server closed the connection')))
  return () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject }
    })
}

/** One agent's link. */
interface Link {
  send(body: AgentMessage['body']): Promise<void>
  close(): void
}

async function openLink(session: ClientHttp2Session, nodeId: string): Promise<Link> {
  const stream: ClientHttp2Stream = session.request({
    ':method': 'POST',
    ':path': '/navarch.ControlPlaneService/AgentLink',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  const decode = createEnvelopeDecoder(1024 * 1024)
  const waiting: { seq: bigint; resolve: () => void }[] = []
  let seq = 0n
  stream.on('data', (chunk: Buffer) => {
    for (const bytes of decode(chunk)) {
      const { acked } = fromBinary(ServerMessageSchema, bytes)
      while (waiting[0] && waiting[0].seq <= acked) waiting.shift()?.resolve()
    }
  })
  stream.on('error', (error) => {
    throw error
  })
  const send = (body: AgentMessage['body']) =>
    new Promise<void>((resolve) => {
      seq++
      waiting.push({ seq, resolve })
      stream.write(encodeEnvelope(toBinary(AgentMessageSchema, create(AgentMessageSchema, { seq, body }))))
    })
  const register = create(AgentMessageSchema, {
    body: { case: 'register', value: { nodeId, bootId: nodeId, metadata: { hostname: nodeId } } },
  })
  await send(register.body)
  return { send, close: () => stream.end() }
}

async function batchClient(session: ClientHttp2Session, index: number, latencies: number[]): Promise<number> {
  const link = await openLink(session, `bench-${index}`)
  const events = eventsOf(`bench-${index}`)
  let sent = 0
  while (performance.now() < endAt) {
    const texts = Array.from({ length: batch }, () => events.next().value.body)
    const before = performance.now()
    const { body } = create(AgentMessageSchema, { body: { case: 'jobEvents', value: { events: texts } } })
    await link.send(body)
    latencies.push(performance.now() - before)
    sent += batch
  }
  link.close()
  return sent
}

/** All that an agent tells of a GPU with each reading. */
function gpuUsage(uuid: string, index: number, now: Record<string, number>, at: number, round: number): GpuUsage {
  const seconds = round * 15
  const { utilization_percent: utilization = 0, power_watts: powerWatts = 0, memory_used_bytes: memoryBytes = 0 } = now
  return {
    ...{ uuid, vendor: 'nvidia', index, model: 'NVIDIA H100 80GB HBM3', readings: round + 1, idleSeconds: 0 },
    ...{ utilization, utilizationMean: utilization - 0.37, utilizationMax: 100, utilizationSeconds: seconds },
    ...{ memoryBytes, memoryMaxBytes: memoryBytes, memoryTotalBytes: 81_559 * 1_048_576 },
    ...{ powerWattsMean: powerWatts - 1.21, powerWattsMax: 700, powerSeconds: seconds, temperatureMax: 64 },
    ...{ energyJoules: now['energy_joules'] ?? 0, energySource: 'counter', throttledSeconds: 0 },
    last: { at, powerWatts, throttled: false, energyCounterJoules: now['energy_joules'] ?? 0 },
  }
}

/** A job that trains on 8 GPUs: noisy utilisation, steady memory, energy that rises. */
function reading(node: number, round: number, gpus: number): AgentMessage['body'] {
  const at = Date.now()
  const noise = (salt: number) => Math.abs(Math.sin(node * 12.9898 + round * 78.233 + salt) * 43_758.5453) % 1
  const host: Record<string, number> = {
    cpu_seconds: round * 140,
    memory_bytes: 2e11 + Math.floor(noise(1) * 1e8),
    processes: 9,
  }
  const device = (index: number): Record<string, number> => ({
    utilization_percent: Math.round(85 + 15 * noise(index)),
    memory_used_bytes: 70_000 * 1_048_576,
    power_watts: 600 + 10 * noise(index + 50),
    temperature_celsius: 60 + Math.round(3 * noise(index + 99)),
    sm_clock_mhz: 1980,
    throttle_reasons: 4,
    energy_joules: round * 9000 + Math.round(100 * noise(index)),
    memory_utilization_percent: Math.round(40 + 8 * noise(index + 7)),
  })
  const usage: NodeUsage = {
    source: 'cgroup-v2',
    since: at - round * 15_000,
    until: at,
    readings: round + 1,
    cpuSeconds: round * 140,
    cpus: 96,
    memoryBytes: host['memory_bytes'] ?? 0,
    memoryMaxBytes: 2.01e11,
    gpus: Array.from({ length: gpus }, (_, index) => gpuUsage(`GPU-${node}-${index}`, index, device(index), at, round)),
  }
  const value = {
    jobs: [
      {
        ...{ cluster: '', jobId: String(node), restart: 0, usage: JSON.stringify(usage) },
        readings: [
          {
            at,
            host: hostColumns.map(({ name }) => host[name] ?? Number.NaN),
            gpus: Array.from({ length: gpus }, (_, index) => {
              const columns = device(index)
              return { uuid: `GPU-${node}-${index}`, values: gpuColumns.map(({ name }) => columns[name] ?? Number.NaN) }
            }),
          },
        ],
      },
    ],
  }
  return create(AgentMessageSchema, { body: { case: 'jobSamples', value } }).body
}

async function samplingNode(
  session: ClientHttp2Session,
  node: number,
  gpus: number,
  latencies: number[],
): Promise<number> {
  const link = await openLink(session, `node-${node}`)
  const started = { event: 'started', job_id: String(node), user: 'u', node_list: [`node-${node}`], restart: 0 }
  const text = JSON.stringify({
    ...started,
    node: `node-${node}`,
    timestamp: new Date().toISOString(),
    gpu_allocation: gpus,
  })
  await link.send(create(AgentMessageSchema, { body: { case: 'jobEvents', value: { events: [text] } } }).body)
  await systemClock.sleep((node / Number(values.nodes)) * sampleIntervalMs)
  let sent = 0
  for (let round = 1; performance.now() < endAt; round++) {
    const before = performance.now()
    await link.send(reading(node, round, gpus))
    latencies.push(performance.now() - before)
    sent += 1
    await systemClock.sleep(Math.max(0, sampleIntervalMs - (performance.now() - before)))
  }
  return sent
}

const latencies: number[] = []
const what = positionals[0]
let count = 0
const sessions = Array.from({ length: what === 'samples' ? Math.ceil(Number(values.nodes) / 100) : clients }, () =>
  what === 'single' ? undefined : connect(server.origin),
)
const began = performance.now()
if (what === 'single') {
  await Promise.all(Array.from({ length: clients }, (_, index) => singleClient(index, latencies)))
  count = latencies.length
} else if (what === 'batches') {
  const sent = await Promise.all(
    sessions.map((session, index) => (session ? batchClient(session, index, latencies) : 0)),
  )
  count = sent.reduce((sum, one) => sum + one, 0)
} else {
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`)
  const nodes = Array.from({ length: Number(values.nodes) }, (_, node) => {
    const session = sessions[Math.floor(node / 100)]
    if (!session) throw new Error('no session')
    return samplingNode(session, node + 1, Number(values.gpus), latencies)
  })
  count = (await Promise.all(nodes)).reduce((sum, one) => sum + one, 0)
}
const took = (performance.now() - began) / 1000
for (const session of sessions) session?.destroy()
const { user, system } = process.cpuUsage()
const figures = {
  count,
  seconds: took,
  cpuSeconds: (user + system) / 1e6,
  p50: quantile(latencies, 0.5),
  p99: quantile(latencies, 0.99),
}
process.stdout.write(`${JSON.stringify(figures)}\n`)
