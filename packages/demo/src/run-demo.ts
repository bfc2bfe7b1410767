import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ControlPlane, startControlPlane } from '@navarch/control-plane/control-plane'
import { followEvents } from '@navarch/control-plane/server/follow-events'
import type { Clock } from '@navarch/system/clock'
import { createLog, type Log } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import { createSimulatedHosts, type SimulatedHosts } from './agents.ts'
import { type DemoPlan, planDemo } from './demo-config.ts'
import { chooseVictim, type FaultSchedule, faultKinds, faultTime, injectFault, usualSchedule } from './faults.ts'
import { createRandom } from './simulated-slurm/random.ts'
import { createSimulatedSlurm, type SimulatedSlurm } from './simulated-slurm/simulated-slurm.ts'
import { jobsToSubmit } from './simulated-slurm/workload.ts'
import { createStory } from './story.ts'

export interface DemoOptions {
  clock: Clock
  /** Nodes at the start. */
  nodes: number
  port: number
  /** An empty folder for the store and the logs. */
  dataDir: string
  /** How many times faster machines boot, jobs run and faults come. */
  speed: number
  faults: boolean
  colour: boolean
  /** Takes the story, line by line. */
  print: (line: string) => void
}

const bootMs = 2_500
const tickMs = 500
const closeMs = 2_000

/** Everything that runs. */
interface Stage {
  clock: Clock
  plan: DemoPlan
  slurm: SimulatedSlurm
  hosts: SimulatedHosts
  plane: ControlPlane
  random: () => number
  log: Log
  startedAt: number
  options: DemoOptions
}

/**
 * Runs the demo until the signal is aborted, and ends everything that it started. The data folder is the caller's.
 * @throws ServerStartError when the port cannot be had
 */
export async function runDemo(options: DemoOptions, outer: AbortSignal): Promise<void> {
  const { clock, dataDir, speed } = options
  const ending = new AbortController()
  const signal = AbortSignal.any([outer, ending.signal])
  const random = createRandom(1)
  const logPath = join(dataDir, 'demo.log')
  const logFile = createWriteStream(logPath)
  const log = createLog((line) => logFile.write(line), { now: clock.now })
  const plan = planDemo(options.nodes, speed)
  await writeFile(join(dataDir, 'navarch-config.yaml'), plan.configText)
  const slurm = createSimulatedSlurm({ clock, partitions: plan.partitions })
  const server = Promise.withResolvers<string>()
  const hosts = createSimulatedHosts({ clock, random, log, server: server.promise, slurm, bootMs: bootMs / speed })
  let ids = 0
  try {
    const plane = await startControlPlane({
      config: plan.config,
      dataDir,
      address: { host: '127.0.0.1', port: options.port },
      effects: {
        clock,
        random,
        newId: () => `op${++ids}`,
        run: runCommand,
        runSlurm: slurm.run,
        fetch,
        env: {},
        log,
        onStoreLost: (error) => ending.abort(error),
        fake: { bootDelayMs: bootMs / speed, onLaunch: hosts.onLaunch, onTerminate: hosts.onTerminate },
      },
    })
    server.resolve(plane.url)
    const stage: Stage = { clock, plan, slurm, hosts, plane, random, log, startedAt: clock.now(), options }
    for (const line of introduction(plane.url, plan, options, logPath)) options.print(line)
    try {
      await Promise.all([tellStory(stage, signal), keepWorking(stage, signal), keepBreaking(stage, signal)])
    } finally {
      ending.abort()
      await hosts.close()
      await plane.close(closeMs)
    }
  } finally {
    logFile.end()
    await once(logFile, 'close')
  }
}

function introduction(url: string, plan: DemoPlan, options: DemoOptions, logPath: string): string[] {
  const { port } = new URL(url)
  const server = port === '50051' ? '' : ` -s http://localhost:${port}`
  const pools = plan.config.pools.map(({ name, minNodes, maxNodes }) => `${name} (${minNodes} to ${maxNodes})`)
  const command = (text: string, meaning: string) => `  npx navarch${server} ${text.padEnd(24)}${meaning}`
  return [
    `Navarch demo: ${options.nodes} nodes with 8 simulated GPUs each, in pools ${pools.join(' and ')}, under a simulated Slurm.`,
    '',
    `  address  http://localhost:${port}`,
    `  logs     ${logPath}`,
    '',
    'In a second terminal:',
    command('list', 'the fleet'),
    command('get train-001', 'one node, with its GPUs and faults'),
    command('operation list', 'what is being done, step by step'),
    command('pool explain train', 'why the pool has its size'),
    '',
    'Ctrl-C ends it and leaves nothing.',
    '',
  ]
}

async function tellStory({ plane, clock, options }: Stage, signal: AbortSignal): Promise<void> {
  const { events, nodes } = plane.services
  const findingOf = (node: string, message: string) =>
    nodes
      .list({})
      .find(({ id }) => id === node)
      ?.health_events.find((event) => event.message === message)
  const story = createStory({ colour: options.colour, findingOf })
  for await (const event of followEvents(events, 0, { clock, signal, keepAliveMs: 60_000 })) {
    if (event) for (const line of story.tell(event)) options.print(line)
  }
}

/** Users submit jobs in waves; GPUs show the load. */
async function keepWorking(stage: Stage, signal: AbortSignal): Promise<void> {
  const { clock, plan, slurm, hosts, random, startedAt } = stage
  while (!signal.aborted) {
    for (const wave of plan.waves) {
      for (const job of jobsToSubmit(wave, slurm.cluster(), clock.now() - startedAt, random)) slurm.submit(job)
    }
    hosts.loadGpus()
    await clock.sleep(tickMs, signal).catch(() => {})
  }
}

async function keepBreaking(stage: Stage, signal: AbortSignal): Promise<void> {
  const { clock, options, random, startedAt } = stage
  if (!options.faults) return
  const schedule = scaled(usualSchedule, options.speed)
  for (let number = 0; !signal.aborted; number++) {
    const due = startedAt + faultTime(schedule, number)
    await clock.sleep(Math.max(0, due - clock.now()), signal).catch(() => {})
    const kind = faultKinds[number % faultKinds.length]
    // Right after the start, or when everything is being repaired, there may be nobody to strike yet.
    for (;;) {
      const victim = kind && !signal.aborted ? chooseVictim(kind, candidatesOf(stage)) : undefined
      if (kind && victim) injectFault(kind, victim, random)
      if (victim || signal.aborted) break
      await clock.sleep(tickMs, signal).catch(() => {})
    }
  }
}

function candidatesOf({ hosts, plane, slurm, clock }: Stage) {
  const nodes = new Map(plane.services.nodes.list({}).map((node) => [node.id, node]))
  return hosts.booted().flatMap((host) => {
    const node = nodes.get(host.node)
    const idleAt = slurm.idleAt(host.node)
    return node ? [{ host, node, busyForMs: idleAt === undefined ? undefined : idleAt - clock.now() }] : []
  })
}

function scaled({ firstMs, secondAfterMs, everyMs }: FaultSchedule, speed: number): FaultSchedule {
  return { firstMs: firstMs / speed, secondAfterMs: secondAfterMs / speed, everyMs: everyMs / speed }
}
