import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ControlPlane, startControlPlane } from '@navarch/control-plane/control-plane'
import { followEvents } from '@navarch/control-plane/server/follow-events'
import type { Clock } from '@navarch/system/clock'
import { createLog, type Log } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import { createSimulatedHosts, type SimulatedHosts } from './agents.ts'
import { type DemoPlan, planDemo } from './demo-config.ts'
import { createIds } from './demo-ids.ts'
import {
  chooseVictim,
  type FaultKind,
  type FaultSchedule,
  faultKinds,
  faultTime,
  injectFault,
  usualSchedule,
} from './faults.ts'
import { forgottenNotebook } from './forgotten-notebook.ts'
import { introduction } from './introduction.ts'
import { seedHistory } from './seed-history.ts'
import { createRandom } from './simulated-slurm/random.ts'
import { createSimulatedSlurm, type SimulatedSlurm } from './simulated-slurm/simulated-slurm.ts'
import { jobsToSubmit } from './simulated-slurm/workload.ts'
import { standingQueue } from './standing-queue.ts'
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
  /** Whether it begins with a day of past. */
  history: boolean
  colour: boolean
  /** Takes the story, line by line. */
  print: (line: string) => void
}

/** Jobs of the past have the ids before. */
const firstDemoJob = 1001
const bootMs = 2_500
const tickMs = 500
const arrayTaskMs = 40_000
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
  /** Events up to this one are the past's. */
  storyFrom: number
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
  const server = Promise.withResolvers<string>()
  const slurm: SimulatedSlurm = createSimulatedSlurm({
    clock,
    partitions: plan.partitions,
    jobsBefore: firstDemoJob - 1,
    onJob: (what, job, at) => hosts.onJob(what, job, at),
  })
  const hosts: SimulatedHosts = createSimulatedHosts({
    clock,
    random,
    log,
    server: server.promise,
    slurm,
    folder: join(dataDir, 'hosts'),
    bootMs: bootMs / speed,
  })
  const newId = createIds(3)
  try {
    const storyFrom = options.history
      ? await seedHistory({ dataDir, plan, now: clock.now(), effects: { clock, random, log, newId } })
      : 0
    const plane = await startControlPlane({
      config: plan.config,
      dataDir,
      address: { host: '127.0.0.1', port: options.port },
      dashboardDir: fileURLToPath(new URL('../../dashboard/dist', import.meta.url)),
      effects: {
        clock,
        random,
        newId,
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
    const stage: Stage = { clock, plan, slurm, hosts, plane, random, log, startedAt: clock.now(), options, storyFrom }
    for (const line of introduction({ ...plane, plan, options, logPath })) options.print(line)
    try {
      await Promise.all([
        tellStory(stage, signal),
        keepWorking(stage, signal),
        keepBreaking(stage, signal),
        approveFirst(stage, signal),
      ])
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

async function tellStory({ plane, clock, options, storyFrom }: Stage, signal: AbortSignal): Promise<void> {
  const { events, nodes } = plane.services
  const findingOf = (node: string, message: string) =>
    nodes
      .list({})
      .find(({ id }) => id === node)
      ?.health_events.find((event) => event.message === message)
  const story = createStory({ colour: options.colour, findingOf })
  for await (const event of followEvents(events, storyFrom, { clock, signal, keepAliveMs: 60_000 })) {
    if (event) for (const line of story.tell(event)) options.print(line)
  }
}

/** Users submit jobs in waves; GPUs show the load. */
async function keepWorking(stage: Stage, signal: AbortSignal): Promise<void> {
  const { clock, plan, slurm, hosts, random, startedAt, options } = stage
  for (const job of standingQueue(startedAt, firstDemoJob, arrayTaskMs / options.speed)) slurm.submit(job)
  if (options.history) slurm.submit(forgottenNotebook(startedAt))
  while (!signal.aborted) {
    for (const wave of plan.waves) {
      // It opens while the tide comes in.
      const elapsedMs = clock.now() - startedAt + 0.3 * wave.periodMs
      for (const job of jobsToSubmit(wave, slurm.cluster(), elapsedMs, random)) slurm.submit(job)
    }
    hosts.loadGpus()
    await clock.sleep(tickMs, signal).catch(() => {})
  }
}

/** Somebody has to say yes to the first nodes of the pool that asks; what comes later is for whoever looks on. */
async function approveFirst({ plane, plan, clock }: Stage, signal: AbortSignal): Promise<void> {
  const { operations } = plane.services
  let left = plan.config.pools.reduce((sum, pool) => sum + (pool.mode === 'recommend' ? pool.minNodes : 0), 0)
  while (left > 0 && !signal.aborted) {
    for (const { id, state, kind } of (await operations.list({ all: false })).toReversed()) {
      if (state !== 'waiting_for_approval' || left === 0 || kind !== 'provision') continue
      await operations.approve(id, 'demo')
      left--
    }
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
      const victim = kind && !signal.aborted ? chooseVictim(kind, candidatesOf(stage, kind)) : undefined
      if (kind && victim) injectFault(kind, victim, random)
      if (victim || signal.aborted) break
      await clock.sleep(tickMs, signal).catch(() => {})
    }
  }
}

/** The pool that asks before it acts has one kind of fault, so that others are mended before one's eyes. */
function candidatesOf({ hosts, plane, plan, slurm, clock }: Stage, kind: FaultKind) {
  const asking = plan.config.pools.filter((pool) => pool.mode === 'recommend').map((pool) => pool.name)
  const wantsAsking = kind === 'row-remap-failure' && asking.length > 0
  const listed = plane.services.nodes.list({}).filter((node) => asking.includes(node.pool) === wantsAsking)
  const nodes = new Map(listed.map((node) => [node.id, node]))
  return hosts.booted().flatMap((host) => {
    const node = nodes.get(host.node)
    const idleAt = slurm.idleAt(host.node)
    return node ? [{ host, node, busyForMs: idleAt === undefined ? undefined : idleAt - clock.now() }] : []
  })
}

function scaled({ firstMs, secondAfterMs, everyMs }: FaultSchedule, speed: number): FaultSchedule {
  return { firstMs: firstMs / speed, secondAfterMs: secondAfterMs / speed, everyMs: everyMs / speed }
}
