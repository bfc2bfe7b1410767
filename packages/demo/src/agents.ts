import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createJobAgent, type JobAgent } from '@navarch/agent/jobs/job-agent'
import { openJobEventSpool } from '@navarch/agent/jobs/job-event-spool'
import { openSampleQueue } from '@navarch/agent/jobs/sample-queue'
import { createLinkOpener } from '@navarch/agent/link'
import { noFiles } from '@navarch/agent/memory'
import { runAgent } from '@navarch/agent/run-agent'
import { openSpool } from '@navarch/agent/spool'
import { createNvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { createSimulatedGpus, type SimulatedGpus } from '@navarch/gpu/simulated-gpus'
import type { LaunchRequest, Machine } from '@navarch/providers/provider'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import manifest from '../package.json' with { type: 'json' }
import { countedBefore, ranBefore } from './forgotten-notebook.ts'
import { gpuLoad } from './load.ts'
import { jobCgroupFiles, leaveHookNote, simulatedProc } from './simulated-job-files.ts'
import { createSimulatedKernelLog, type SimulatedKernelLog } from './simulated-kernel-log.ts'
import { jobsOn, type SimulatedJob } from './simulated-slurm/cluster.ts'
import type { SimulatedSlurm } from './simulated-slurm/simulated-slurm.ts'

/** A machine that does not exist, on which the agent's real code runs. */
export interface SimulatedHost {
  readonly node: string
  readonly machineId: string
  readonly bootedAt: number
  readonly simulated: SimulatedGpus
  readonly kernelLog: SimulatedKernelLog
}

export interface SimulatedHostsOptions {
  clock: Clock
  /** Numbers in [0, 1). */
  random: () => number
  log: Log
  /** Address of the control plane, once it listens. */
  server: Promise<string>
  slurm: Pick<SimulatedSlurm, 'hostUp' | 'hostDown' | 'gpusInUse' | 'cluster'>
  /** Where hosts keep what hooks leave for their agents. */
  folder: string
  /** From a machine's launch to its agent's and slurmd's start, ms. */
  bootMs: number
}

/** The machines of the simulated provider. */
export interface SimulatedHosts {
  onLaunch(machine: Machine, request: LaunchRequest): void
  onTerminate(machineId: string): void
  /** Those that have booted. */
  booted(): SimulatedHost[]
  /** Makes the GPUs as busy as the jobs that have them. */
  loadGpus(): void
  /** Runs the prologs or epilogs of a job on its hosts. */
  onJob(what: 'start' | 'end', job: SimulatedJob, at: number): void
  /** Ends every agent. */
  close(): Promise<void>
}

/** How often an agent looks at its GPUs, ms. */
const sampleIntervalMs = 2_000
/** What a stuck driver costs before it is a finding, ms. */
const nvidiaSmiDeadlineMs = 3_000

/** Boots a host for each machine that the provider launches, and ends it with the machine. */
export function createSimulatedHosts(options: SimulatedHostsOptions): SimulatedHosts {
  const { clock, random, slurm } = options
  const hooksOf = (host: SimulatedHost) => join(options.folder, host.machineId, 'hooks')

  const jobsOfBefore = (host: SimulatedHost) =>
    [...slurm.cluster().jobs.values()]
      .filter((job) => ranBefore(job, host.node))
      .map((job) => countedBefore(job, host.simulated.gpus, clock.now()))

  const jobAgentOf = async (host: SimulatedHost): Promise<JobAgent> => {
    const log = options.log.with({ node: host.node })
    await mkdir(hooksOf(host), { recursive: true, mode: 0o700 })
    return createJobAgent({
      nodeId: host.node,
      clock,
      log,
      events: await openJobEventSpool({ path: undefined, log }),
      samples: await openSampleQueue({ folder: undefined, log }),
      runningJobs: { load: async () => jobsOfBefore(host), save: async () => {} },
      hookFolder: hooksOf(host),
      userName: async () => undefined,
      // Jobs of the demo are short: their curves need more than a point in 15 s.
      intervals: { earlyMs: 2_000, laterMs: 5_000, sendMs: 2_000, hookGraceMs: 3_000, vanishedMs: 30_000 },
      tree: jobCgroupFiles(() => jobsOn(slurm.cluster(), host.node), clock.now),
      proc: simulatedProc,
    })
  }

  const hosts = new Map<string, { host: SimulatedHost; stop: AbortController; done: Promise<void> }>()
  const ending = new Set<Promise<void>>()

  const live = async (host: SimulatedHost, pool: string, signal: AbortSignal): Promise<void> => {
    await clock.sleep(Math.max(0, host.bootedAt - clock.now()), signal)
    const jobs = await jobAgentOf(host)
    slurm.hostUp(host.node)
    await runAgent(
      {
        settings: {
          server: await options.server,
          nodeId: host.node,
          provider: 'fake',
          region: '',
          zone: '',
          instanceType: 'gpu_8x_h100_sxm5',
          pool,
          authToken: undefined,
          kernelLog: undefined,
          stateDir: '',
          sampleIntervalMs,
        },
        version: manifest.version,
        clock,
        random,
        log: options.log.with({ node: host.node }),
        machine: {
          hostname: host.node,
          internalIp: '127.0.0.1',
          kernelVersion: '6.1.0-28-amd64',
          bootId: host.machineId,
          bootedAt: host.bootedAt,
          load: async () => ({ cpuPercent: 12 * slurm.gpusInUse(host.node), memoryPercent: 5 }),
        },
        nvidiaSmi: createNvidiaSmi({ run: host.simulated.run, deadlineMs: nvidiaSmiDeadlineMs, signal }),
        kernelLog: host.kernelLog.source,
        openLink: createLinkOpener({ clock, server: await options.server, authToken: undefined }),
        spool: await openSpool({ path: undefined, log: options.log }),
        files: noFiles,
        jobs,
      },
      signal,
    )
  }

  return {
    onLaunch(machine, request) {
      const host: SimulatedHost = {
        node: request.node,
        machineId: machine.id,
        bootedAt: clock.now() + options.bootMs,
        // Another machine has other GPUs, whatever its node is called.
        simulated: createSimulatedGpus({ clock, node: machine.id }),
        kernelLog: createSimulatedKernelLog(clock, machine.id),
      }
      const stop = new AbortController()
      const done = live(host, request.pool, stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted) options.log.error('simulated host failed', { node: host.node, error: String(error) })
      })
      hosts.set(machine.id, { host, stop, done })
    },
    onTerminate(machineId) {
      const entry = hosts.get(machineId)
      if (!entry) return
      hosts.delete(machineId)
      entry.stop.abort(new Error('the machine was terminated'))
      ending.add(entry.done)
      void entry.done.then(() => ending.delete(entry.done))
      slurm.hostDown(entry.host.node)
    },
    booted: () => [...hosts.values()].map(({ host }) => host).filter((host) => host.bootedAt <= clock.now()),
    loadGpus() {
      const now = clock.now()
      for (const { host } of hosts.values()) {
        const holders = new Map<number, SimulatedJob>()
        for (const job of jobsOn(slurm.cluster(), host.node)) {
          for (const index of job.devices[host.node] ?? []) holders.set(index, job)
        }
        for (const gpu of host.simulated.gpus) {
          const job = holders.get(gpu.index)
          const load = job && gpuLoad(job.load, now - (job.startedAt ?? now), gpu.index / 8, random())
          const percent = load?.utilizationPercent ?? 0
          gpu.utilizationPercent = Math.min(100, Math.max(0, percent))
          gpu.powerWatts = Math.round(job ? 105 + 5.3 * percent + 25 * random() : 70 + 4 * random())
          gpu.memoryUsedMib = Math.round(4 + 81_000 * (load?.memory ?? 0))
          // A GPU that a fault has made hot stays hot.
          if (gpu.clockEvents <= 1)
            gpu.temperatureCelsius = Math.round(31 + gpu.index / 2 + 0.33 * percent + 2 * random())
        }
      }
    },
    onJob(what, job, at) {
      for (const { host } of hosts.values()) {
        if (!job.nodes.includes(host.node)) continue
        leaveHookNote(hooksOf(host), { what, job, node: host.node, at }).catch((error: unknown) =>
          options.log.error('a hook of the demo failed', { node: host.node, error: String(error) }),
        )
      }
    },
    async close() {
      for (const { stop } of hosts.values()) stop.abort(new Error('the demo ends'))
      await Promise.allSettled([...[...hosts.values()].map(({ done }) => done), ...ending])
    },
  }
}
