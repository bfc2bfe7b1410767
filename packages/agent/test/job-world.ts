import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createNvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { createSimulatedGpus } from '@navarch/gpu/simulated-gpus'
import { systemClock } from '@navarch/system/clock'
import { createLog } from '@navarch/system/log'
import { createJobAgent } from '../src/jobs/job-agent.ts'
import { openJobEventSpool } from '../src/jobs/job-event-spool.ts'
import { createRunningJobsFile } from '../src/jobs/running-jobs-file.ts'
import { openSampleQueue } from '../src/jobs/sample-queue.ts'
import { createLinkOpener } from '../src/link.ts'
import { noFiles } from '../src/memory.ts'
import { runAgent } from '../src/run-agent.ts'
import { openSpool } from '../src/spool.ts'

/** A machine in a folder: control groups, /proc and hooks as an agent finds them. */
export interface JobWorld extends AsyncDisposable {
  folder: string
  hooks: string
  /** Folder of the slurmstepds' groups. */
  scope: string
  logLines: string[]
  /** Writes a hook's note as our hooks do: whole, and in one go. */
  hook(event: string, environment: Record<string, string>, name?: string): void
  /** Makes or changes a job's group. `memory`: bytes of its working set. */
  group(name: string, cpuSeconds: number, memory?: number): void
  removeGroup(name: string): void
  /** Makes a slurmstepd without processes, whose children that ended took this much. */
  stepDaemon(pid: number, title: string, childrenSeconds: number): void
  /** @param driver resolves when the GPUs' driver answers; before, looks at GPUs fail */
  startAgent(
    server: string,
    driver?: Promise<void>,
  ): Promise<{ gpus: ReturnType<typeof createSimulatedGpus>['gpus'] } & AsyncDisposable>
}

/** Makes a machine with cgroup v2 and no jobs. */
export async function makeJobWorld(): Promise<JobWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-jobs-'))
  const mount = join(folder, 'cgroup')
  const scope = join(mount, 'system.slice', 'slurmstepd.scope')
  const proc = join(folder, 'proc')
  const hooks = join(folder, 'hooks')
  const logLines: string[] = []
  const log = createLog((line) => logLines.push(line), { now: Date.now })
  let notes = 0

  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
  write(join(proc, 'self/mountinfo'), `24 23 0:22 / ${mount} rw - cgroup2 cgroup2 rw\n`)
  write(join(scope, 'cgroup.procs'), '')
  mkdirSync(hooks)
  return {
    folder,
    hooks,
    scope,
    logLines,
    hook: (event, environment, name = `${++notes}`) => {
      const records = { NAVARCH_HOOK: '1', NAVARCH_EVENT: event, NAVARCH_AT: '', ...environment }
      const text = Object.entries(records).map(([key, value]) => `${key}=${value}\0`)
      writeFileSync(join(hooks, name), `${text.join('')}END\0`)
    },
    group: (name, cpuSeconds, memory = 1000) => {
      const path = join(scope, name)
      const usec = Math.round(cpuSeconds * 1e6)
      write(join(path, 'memory.stat'), `anon ${memory}\nshmem 0\n`)
      write(join(path, 'memory.max'), 'max\n')
      write(join(path, 'cgroup.procs'), '')
      write(join(path, 'cpu.stat'), `usage_usec ${usec}\nuser_usec ${usec}\nsystem_usec 0\n`)
    },
    stepDaemon: (pid, title, childrenSeconds) => {
      const ticks = childrenSeconds * 100
      write(join(proc, `${pid}/comm`), 'slurmstepd\n')
      write(join(proc, `${pid}/cmdline`), title)
      write(join(proc, `${pid}/status`), 'Uid:\t0\t0\t0\t0\n')
      write(join(proc, `${pid}/stat`), `${pid} (slurmstepd) S 1 1 1 0 -1 0 0 0 0 0 5 0 ${ticks} 0 20 0 1 0 500 0 0\n`)
    },
    removeGroup: (name) => rmSync(join(scope, name), { recursive: true }),
    startAgent: async (server, driver) => {
      const stop = new AbortController()
      let driverAnswers = driver === undefined
      void driver?.then(() => {
        driverAnswers = true
      })
      const clock = systemClock
      const simulated = createSimulatedGpus({ clock, node: 'n1', count: 4 })
      const state = join(folder, 'state')
      const jobs = await createJobAgent({
        ...{ nodeId: 'n1', clock, log, proc, hookFolder: hooks },
        events: await openJobEventSpool({ path: join(state, 'events.spool'), log }),
        samples: await openSampleQueue({ folder: join(state, 'readings'), log }),
        runningJobs: createRunningJobsFile(join(state, 'running.json'), 'boot'),
        userName: async (uid) => `user${uid}`,
        intervals: { earlyMs: 20, laterMs: 100, sendMs: 20, hookGraceMs: 100, vanishedMs: 200 },
      })
      const done = runAgent(
        {
          settings: {
            ...{ server, nodeId: 'n1', provider: '', region: '', zone: '', instanceType: '', pool: '' },
            ...{ authToken: undefined, kernelLog: undefined, stateDir: '', sampleIntervalMs: 50 },
          },
          machine: {
            ...{ hostname: 'n1', internalIp: '', kernelVersion: '', bootId: 'boot', bootedAt: 0 },
            load: async () => ({}),
          },
          ...{ log, clock, jobs, version: '1', random: () => 0, kernelLog: undefined, files: noFiles },
          nvidiaSmi: createNvidiaSmi({
            run: (...call) =>
              driverAnswers ? simulated.run(...call) : Promise.reject(new Error('the driver is not loaded yet')),
            signal: stop.signal,
          }),
          openLink: createLinkOpener({ clock, server, authToken: undefined }),
          spool: await openSpool({ path: undefined, log }),
        },
        stop.signal,
      )
      return {
        gpus: simulated.gpus,
        [Symbol.asyncDispose]: async () => {
          stop.abort()
          await done
        },
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
