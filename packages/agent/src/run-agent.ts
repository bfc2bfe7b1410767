import { HealthStatus, type NodeState, NodeStatus } from '@navarch/api/control-plane'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { KernelLogLine, KernelLogSource } from '@navarch/gpu/kernel-log'
import type { GpuLook, NvidiaSmi } from '@navarch/gpu/nvidia-smi'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { createCommandHandler } from './commands.ts'
import { createGpuConditions } from './gpu-conditions.ts'
import type { JobAgent } from './jobs/job-agent.ts'
import { createLinkKeeper } from './keep-linked.ts'
import { createKernelFaultReader, faultToWire, type KernelFault } from './kernel-findings.ts'
import type { OpenLink } from './link.ts'
import { createLossWatch, lostRecordsOf } from './lost-records.ts'
import type { Machine } from './machine.ts'
import type { AgentFiles, NodeStateFile } from './memory.ts'
import { conditionToWire, healthReport, heartbeat, registration } from './messages.ts'
import type { NodeFiles } from './node-files.ts'
import type { AgentSettings } from './settings.ts'
import type { Spool } from './spool.ts'

/** Everything that an agent touches. A thousand agents may share one process, so nothing else is kept anywhere. */
export interface AgentContext {
  settings: AgentSettings
  version: string
  clock: Clock
  /** A number in [0, 1). */
  random: () => number
  log: Log
  machine: Machine
  nvidiaSmi: NvidiaSmi
  /** undefined: no kernel log can be read. */
  kernelLog: KernelLogSource | undefined
  openLink: OpenLink
  spool: Spool
  files: AgentFiles
  /** undefined: jobs are not followed. */
  jobs?: JobAgent
  /** undefined: no files for tools. */
  nodeFiles?: NodeFiles
  /** Hears of each fault in the kernel log. */
  onFault?: (fault: KernelFault) => void
}

/** How long after a fault the driver has made up its mind about a recovery action. */
const lookAfterFaultMs = 1000

/** A log that cannot be read for a moment, as while it is rotated, must not stay unread. */
const reopenLogMs = 5000

/**
 * Runs an agent until the signal is aborted: looks at the GPUs, reads the kernel log, and tells the control plane.
 *
 * Faults go out the moment they are seen, and stay in the spool until the control plane has confirmed them.
 * What holds is reported in full at each health check interval, so it needs no spool.
 */
export async function runAgent(context: AgentContext, signal: AbortSignal): Promise<void> {
  const { settings, clock, log, spool, files, machine } = context
  const remembered = await files.loadMemory()
  const sameBoot = remembered.bootId === machine.bootId
  const conditions = createGpuConditions(settings.nodeId, sameBoot ? remembered.gpuUuids : [])
  const losses = createLossWatch(settings.nodeId, () => lostRecordsOf(context))
  const memory = { ...remembered, bootId: machine.bootId, ...(!sameBoot && { gpuUuids: [] }) }
  const startedAt = clock.now()
  let gpus: readonly GpuReading[] = []
  let sentGpus: readonly GpuReading[] = []
  let looked = false
  let reports = 0
  let written = Promise.resolve()

  const nextReportId = () => `${settings.nodeId}/${startedAt}/${++reports}`
  const saveMemory = () =>
    files.saveMemory(memory).catch((error: unknown) => logFailure(log, 'memory not saved', error))

  const announce = (findings: Parameters<typeof healthReport>[2]): void => {
    if (findings.length === 0) return
    for (const { code, evidence } of findings) log.warn('fault found', { code, evidence })
    const report = healthReport(settings.nodeId, nextReportId(), findings, false)
    // Told at once, and written down meanwhile: a disk that is slow must not hold up a drain.
    link.session()?.report(report)
    written = spool.add(report)
  }

  const diagnose = async () => {
    const result = await look()
    const found = conditions.current().map((finding) => finding.message)
    return { success: result.kind === 'readings', message: found.join('; ') || `${gpus.length} GPUs, nothing found` }
  }

  const link = createLinkKeeper(
    { ...context, server: settings.server, nodeId: settings.nodeId },
    {
      registration: () => registration(settings, machine, gpus, context.version),
      onLinked: (session) => {
        log.info('linked to the control plane', { server: settings.server, waiting_reports: spool.reports().length })
        sentGpus = []
        for (const report of spool.reports()) session.report(report)
        context.jobs?.onLinked(session)
      },
      beat: async (session) => {
        const load = await machine.load()
        const news = gpus === sentGpus ? [] : gpus
        sentGpus = gpus
        context.nodeFiles?.refresh()
        session.sendIfClear({ case: 'heartbeat', value: heartbeat(settings.nodeId, clock.now(), load, news) })
      },
      reportInFull: (session) => {
        const lost = losses.current(clock.now())
        const findings = [...conditions.current(), ...lost.findings].map(conditionToWire)
        const value = healthReport(settings.nodeId, nextReportId(), findings, true)
        session.deliver({ case: 'report', value }, () => lost.onDurable(clock.now()))
      },
      onDurable: (reportId) => void spool.remove(reportId),
      onState: (state) => {
        const file = stateFile(settings.nodeId, state, clock.now())
        if (state.nodeJson !== '') context.nodeFiles?.update(state.nodeJson)
        files.saveState(file).catch((error: unknown) => logFailure(log, 'state not saved', error))
      },
      handleCommand: createCommandHandler(
        { diagnose, ...(context.jobs && { noteOutput: context.jobs.noteOutput }) },
        log,
      ),
    },
  )

  const look = async (): Promise<GpuLook> => {
    const result = await context.nvidiaSmi.look()
    if (signal.aborted) return result
    const { fresh } = conditions.observe(result, clock.now())
    const hadNone = gpus.length === 0
    if (result.kind === 'readings') {
      gpus = result.gpus
      context.jobs?.onGpus(gpus)
    }
    const firstLook = !looked
    looked = true
    if (hadNone && gpus.length > 0) {
      if (!memory.gpuUuids?.length) memory.gpuUuids = gpus.flatMap((gpu) => gpu.uuid ?? [])
      await saveMemory()
      if (!firstLook) link.session()?.close('the GPUs have come: registering anew')
    }
    announce([...fresh, ...losses.fresh(clock.now())].map(conditionToWire))
    return result
  }

  const readFault = createKernelFaultReader(settings.nodeId, () => gpus)
  let cancelLook: (() => void) | undefined
  const onLine = (line: KernelLogLine): void => {
    const fault = readFault(line)
    if (!fault) return
    context.onFault?.(fault)
    announce([faultToWire(fault)])
    cancelLook?.()
    cancelLook = clock.after(lookAfterFaultMs, () => void look())
  }

  let reachedPosition = memory.kernelLog
  let keepingPosition = false
  /** A line is done with when its report is on disk. Many lines at once are one write; none of them waits for it. */
  const keepPosition = (reached: string): void => {
    reachedPosition = reached
    if (keepingPosition) return
    keepingPosition = true
    const keep = async () => {
      while (reachedPosition !== undefined && memory.kernelLog !== reachedPosition) {
        const upTo = reachedPosition
        await written
        memory.kernelLog = upTo
        await saveMemory()
      }
      keepingPosition = false
    }
    void keep()
  }

  const followKernelLog = async (): Promise<void> => {
    const position = { load: async () => memory.kernelLog, save: async (reached: string) => keepPosition(reached) }
    while (context.kernelLog && !signal.aborted) {
      await context.kernelLog({ onLine, position }, signal).catch((error: unknown) => {
        logFailure(log, 'the kernel log cannot be read: trying again', error)
      })
      await clock.sleep(reopenLogMs, signal)
    }
  }

  const keepLooking = async (): Promise<void> => {
    while (!signal.aborted) {
      await look()
      await clock.sleep(settings.sampleIntervalMs, signal)
    }
  }

  const untilAborted = (task: Promise<void>, what: string): Promise<void> =>
    task.catch((error: unknown) => {
      if (!signal.aborted) logFailure(log, what, error)
    })

  const logTask = untilAborted(followKernelLog(), 'the kernel log is not followed any more')
  // The registration names the GPUs, so the first look comes before it; its deadline is the tool's.
  await look()
  await Promise.all([
    logTask,
    untilAborted(
      clock.sleep(settings.sampleIntervalMs * context.random(), signal).then(keepLooking),
      'the GPUs are not looked at any more',
    ),
    untilAborted(link.run(signal), 'the link is not kept any more'),
    untilAborted(context.jobs?.run(look, signal) ?? Promise.resolve(), 'jobs are not followed any more'),
  ])
  cancelLook?.()
  await Promise.all([spool.close(), context.nodeFiles?.close()])
}

function stateFile(node: string, state: NodeState, now: number): NodeStateFile {
  return {
    node,
    health: word(HealthStatus, state.health),
    status: word(NodeStatus, state.status),
    health_reason: state.healthReason,
    updated_at: new Date(now).toISOString(),
  }
}

/** The lower-case word of an enum's value, e.g. "active". */
function word(names: Record<number, string>, value: number): string {
  return (names[value] ?? 'unknown').toLowerCase()
}

function logFailure(log: Log, what: string, error: unknown): void {
  log.error(what, { error: error instanceof Error ? error.message : String(error) })
}
