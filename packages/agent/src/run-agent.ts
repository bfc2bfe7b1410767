import { HealthStatus, type NodeConfig, type NodeState, NodeStatus } from '@navarch/api/control-plane'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { KernelLogLine, KernelLogSource } from '@navarch/gpu/kernel-log'
import type { GpuLook, NvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { type BackoffPolicy, backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { createCommandHandler } from './commands.ts'
import { createGpuConditions } from './gpu-conditions.ts'
import { createKernelFaultReader, faultToWire } from './kernel-findings.ts'
import type { LinkEnd, OpenLink } from './link.ts'
import type { Machine } from './machine.ts'
import type { AgentFiles } from './memory.ts'
import { conditionToWire, healthReport, heartbeat, registration } from './messages.ts'
import { openSession, type Session } from './session.ts'
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
}

/** Ten thousand agents that lose their control plane at once come back within half a minute, spread evenly. */
const reconnect: BackoffPolicy = { firstMs: 1000, maxMs: 30_000 }
/** After this much quiet the server is gone; it answers each heartbeat. */
const answerDeadlineInHeartbeats = 3
/** How long after a fault the driver has made up its mind about a recovery action. */
const lookAfterFaultMs = 1000

interface Intervals {
  heartbeatMs: number
  reportMs: number
}

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
  const memory = { ...remembered, bootId: machine.bootId, ...(!sameBoot && { gpuUuids: [] }) }
  const startedAt = clock.now()
  let intervals: Intervals = { heartbeatMs: 30_000, reportMs: 60_000 }
  let gpus: readonly GpuReading[] = []
  let sentGpus: readonly GpuReading[] = []
  let looked = false
  let session: Session | undefined
  let reports = 0

  const nextReportId = () => `${settings.nodeId}/${startedAt}/${++reports}`
  const saveMemory = () =>
    files.saveMemory(memory).catch((error: unknown) => logFailure(log, 'memory not saved', error))

  const announce = (findings: Parameters<typeof healthReport>[2]): void => {
    if (findings.length === 0) return
    for (const { code, evidence } of findings) log.warn('fault found', { code, evidence })
    const report = healthReport(settings.nodeId, nextReportId(), findings, false)
    // Told at once, and written down meanwhile: a disk that is slow must not hold up a drain.
    if (session?.registered()) session.report(report)
    void spool.add(report)
  }

  const reportInFull = (): void => {
    if (!looked || !session?.registered()) return
    session.report(healthReport(settings.nodeId, nextReportId(), conditions.current().map(conditionToWire), true))
  }

  const beat = async (): Promise<void> => {
    const load = await machine.load()
    const news = gpus === sentGpus ? [] : gpus
    sentGpus = gpus
    session?.sendIfClear({ case: 'heartbeat', value: heartbeat(settings.nodeId, clock.now(), load, news) })
  }

  const look = async (): Promise<GpuLook> => {
    const result = await context.nvidiaSmi.look()
    if (signal.aborted) return result
    const { fresh } = conditions.observe(result, clock.now())
    const hadNone = gpus.length === 0
    if (result.kind === 'readings') gpus = result.gpus
    const firstLook = !looked
    looked = true
    if (hadNone && gpus.length > 0) {
      if (!memory.gpuUuids?.length) memory.gpuUuids = gpus.flatMap((gpu) => gpu.uuid ?? [])
      await saveMemory()
      if (!firstLook) session?.close('the GPUs have come: registering anew')
    }
    announce(fresh.map(conditionToWire))
    return result
  }

  const readFault = createKernelFaultReader(settings.nodeId, () => gpus)
  let cancelLook: (() => void) | undefined
  const onLine = (line: KernelLogLine): void => {
    const fault = readFault(line)
    if (!fault) return
    announce([faultToWire(fault)])
    cancelLook?.()
    cancelLook = clock.after(lookAfterFaultMs, () => void look())
  }

  const followKernelLog = async (): Promise<void> => {
    const position = {
      load: async () => memory.kernelLog,
      save: async (kernelLog: string) => {
        memory.kernelLog = kernelLog
        await saveMemory()
      },
    }
    await context.kernelLog?.({ onLine, position }, signal)
  }

  const keepLooking = async (): Promise<void> => {
    while (!signal.aborted) {
      await look()
      await clock.sleep(settings.sampleIntervalMs, signal)
    }
  }

  const onState = (state: NodeState): void => {
    const file = {
      node: settings.nodeId,
      health: word(HealthStatus, state.health),
      status: word(NodeStatus, state.status),
      health_reason: state.healthReason,
      updated_at: new Date(clock.now()).toISOString(),
    }
    files.saveState(file).catch((error: unknown) => logFailure(log, 'state not saved', error))
  }

  const diagnose = async () => {
    const result = await look()
    const found = conditions.current().map((finding) => finding.message)
    return { success: result.kind === 'readings', message: found.join('; ') || `${gpus.length} GPUs, nothing found` }
  }
  const handleCommand = createCommandHandler(diagnose, log)

  const keepBeating = async (current: Session): Promise<void> => {
    let nextReport = clock.now()
    let nextBeat = clock.now()
    const over = new AbortController()
    void current.ended.then(() => over.abort())
    while (!over.signal.aborted) {
      if (clock.now() >= nextReport) {
        reportInFull()
        nextReport = clock.now() + intervals.reportMs
      }
      if (clock.now() >= nextBeat) {
        await beat()
        nextBeat = clock.now() + intervals.heartbeatMs
      }
      const until = Math.min(nextReport, nextBeat)
      await clock.sleep(Math.max(1, until - clock.now()), over.signal).catch(() => {})
      current.expectAnswers(answerDeadlineInHeartbeats * intervals.heartbeatMs)
    }
  }

  const linkOnce = async (): Promise<{ end: LinkEnd; worked: boolean }> => {
    let worked = false
    sentGpus = []
    const current = openSession(
      {
        clock,
        nodeId: settings.nodeId,
        open: context.openLink,
        handleCommand,
        onState,
        onDurable: (reportId) => void spool.remove(reportId),
        onRegistered: (response) => {
          worked = true
          intervals = intervalsOf(response.config, intervals)
          log.info('linked to the control plane', { server: settings.server, waiting_reports: spool.reports().length })
          for (const report of spool.reports()) current.report(report)
          void keepBeating(current)
        },
      },
      registration(settings, machine, gpus, context.version),
    )
    session = current
    const stop = () => current.close('the agent stops')
    const cancelDeadline = clock.after(intervals.heartbeatMs, () => {
      if (!worked) current.close('the control plane does not answer the registration')
    })
    signal.addEventListener('abort', stop, { once: true })
    const end = await current.ended
    signal.removeEventListener('abort', stop)
    cancelDeadline()
    session = undefined
    return { end, worked }
  }

  const keepLinked = async (): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { end, worked } = await linkOnce()
      if (signal.aborted) return
      if (worked) attempt = 0
      const patience = end.kind === 'lost' ? attempt : 30
      const delayMs = backoffDelay(reconnect, patience, context.random())
      log.warn('no link to the control plane', { server: settings.server, error: end.reason, retry_in_ms: delayMs })
      await clock.sleep(delayMs, signal)
    }
  }

  const untilAborted = (task: Promise<void>, what: string): Promise<void> =>
    task.catch((error: unknown) => {
      if (!signal.aborted) logFailure(log, what, error)
    })

  const logTask = untilAborted(followKernelLog(), 'the kernel log cannot be read any more')
  // The registration names the GPUs, so the first look comes before it; its deadline is the tool's.
  await look()
  await Promise.all([
    logTask,
    untilAborted(
      clock.sleep(settings.sampleIntervalMs * context.random(), signal).then(keepLooking),
      'the GPUs are not looked at any more',
    ),
    untilAborted(keepLinked(), 'the link is not kept any more'),
  ])
  cancelLook?.()
  await spool.close()
}

function intervalsOf(config: NodeConfig | undefined, before: Intervals): Intervals {
  const seconds = (value: number | undefined, fallbackMs: number) => (value && value > 0 ? value * 1000 : fallbackMs)
  return {
    heartbeatMs: seconds(config?.heartbeatIntervalSeconds, before.heartbeatMs),
    reportMs: seconds(config?.healthCheckIntervalSeconds, before.reportMs),
  }
}

/** The lower-case word of an enum's value, e.g. "active". */
function word(names: Record<number, string>, value: number): string {
  return (names[value] ?? 'unknown').toLowerCase()
}

function logFailure(log: Log, what: string, error: unknown): void {
  log.error(what, { error: error instanceof Error ? error.message : String(error) })
}
