import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type HeartbeatRequest,
  type NodeCommand,
  NodeCommandSchema,
  type RegisterNodeRequest,
  RegisterNodeResponseSchema,
  ReportHealthResponseSchema,
  type ServerMessage,
  ServerMessageSchema,
} from '@navarch/api/control-plane'
import type { NodeJson } from '@navarch/api/rest'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import { counted } from '@navarch/core/count-words'
import { afterRestart, assessReport } from '@navarch/core/health/assess'
import { isName, nameRule } from '@navarch/core/names'
import type { FleetNode, Gpu, GpuSample } from '@navarch/core/node/node'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet, FleetChange } from '../fleet/fleet.ts'
import type { CommandRecord } from '../store/store.ts'
import type { Counters } from '../telemetry/counters.ts'
import { findingsOfReport } from './findings-of-report.ts'
import { healthNumber, statusNumber } from './node-words.ts'
import { ServiceError } from './service-error.ts'
import type { AgentService } from './services.ts'

export interface AgentServiceDeps {
  fleet: Fleet
  config: Pick<NavarchConfig, 'server' | 'pools'>
  clock: Clock
  log: Log
  counters: Counters
  newId: () => string
  /** The pool of a node that registered by itself, as far as Slurm tells. */
  poolOf: (node: string) => string | undefined
  /** What tools on a node see of it; undefined: nothing but its health and status. */
  describe?: (node: FleetNode) => NodeJson
  /** Acts on a node whose health asks for it. */
  onUnhealthy: (node: FleetNode, decision: 'drain' | 'drain-and-replace') => Promise<void>
  /** Something happened that an operation may wait for. */
  onNews: (node: string) => void
}

const rememberedReports = 8
/** What tools on a node see, its load and Slurm's word among it, is as old as this at most, ms. */
const repeatStateMs = 60_000
const enabledChecks = ['boot', 'gpu', 'kernel-log']

/** Takes what agents say. */
export function createAgentService(deps: AgentServiceDeps): AgentService {
  const { fleet, config, clock, log } = deps
  const links = new Map<string, (message: ServerMessage) => void>()

  fleet.subscribe((changes) => {
    for (const change of changes) {
      if (change.kind === 'node') sendState(change.node)
      if (change.kind === 'command' && change.command.acknowledgedAt === undefined) {
        links.get(change.command.node)?.(commandMessage(change.command))
      }
    }
  })

  const sent = new Map<string, { state: string; at: number }>()
  function sendState(node: FleetNode): void {
    const send = links.get(node.id)
    const state = `${node.health} ${node.status} ${node.hold?.action} ${node.healthReason}`
    const last = sent.get(node.id)
    if (!send || (last?.state === state && Math.abs(clock.now() - last.at) < repeatStateMs)) return
    sent.set(node.id, { state, at: clock.now() })
    send(stateMessage(node, deps.describe?.(node)))
  }

  function known(nodeId: string): FleetNode {
    if (nodeId === '') throw new ServiceError('invalid', 'node_id is required')
    const node = fleet.nodes.get(nodeId)
    if (!node || node.registeredAt === undefined)
      throw new ServiceError('not_found', `node not found: ${nodeId}; register first`)
    return node
  }

  return {
    async register(request, peerAddress) {
      const now = clock.now()
      const id = request.nodeId
      if (id === '') throw new ServiceError('invalid', 'node_id is required')
      if (!isName(id))
        throw new ServiceError('invalid', `node_id ${JSON.stringify(id)} is not allowed: use ${nameRule}`)
      const present = fleet.nodes.get(id)
      if (present?.retiredBootId !== undefined && present.retiredBootId === request.bootId) {
        throw new ServiceError('conflict', `this machine was replaced: node ${id} has a new one`)
      }
      const node = registered(present ?? newcomer(request), request, peerAddress, now)
      const first = present?.registeredAt === undefined
      await fleet.commit([
        { kind: 'node', node },
        ...(first || present?.bootId !== node.bootId
          ? [
              {
                kind: 'event' as const,
                type: 'node-registered',
                message: `registered with ${counted(node.gpus.length, 'GPU')}`,
                pool: node.pool,
                node: id,
              },
            ]
          : []),
      ])
      if (first)
        log.info('node registered', { pool: node.pool, node: id, gpus: node.gpus.length, address: peerAddress })
      deps.onNews(id)
      return create(RegisterNodeResponseSchema, {
        success: true,
        message: first ? 'registered' : 'welcome back',
        config: {
          healthCheckIntervalSeconds: seconds(config.server.healthCheckIntervalMs),
          heartbeatIntervalSeconds: seconds(config.server.heartbeatIntervalMs),
          enabledHealthChecks: enabledChecks,
        },
      })
    },

    heartbeat(request) {
      const node = known(request.nodeId)
      const beaten = { ...node, ...samplesOf(request, clock.now()), load: loadOf(request), lastHeartbeat: clock.now() }
      fleet.touch(beaten)
      sendState(beaten)
    },

    async report(request) {
      const now = clock.now()
      const before = known(request.nodeId)
      const { reportId } = request
      if (reportId !== '' && before.recentReports.includes(reportId)) return acknowledge(before)
      const pool = config.pools.find((candidate) => candidate.name === before.pool)
      const complete = request.full || reportId === ''
      const assessment = assessReport(
        before,
        { node: before.id, at: now, complete, findings: findingsOfReport(request, now) },
        pool?.health ?? { unhealthyThreshold: 2, autoReplace: false },
        now,
      )
      const node: FleetNode = {
        ...before,
        findings: assessment.findings,
        health: assessment.health,
        healthReason: assessment.healthReason,
        badReports: assessment.badReports,
        lastHeartbeat: now,
        ...(complete && { reportedAt: now }),
        ...(reportId !== '' && { recentReports: [...before.recentReports, reportId].slice(-rememberedReports) }),
      }
      const changed = node.health !== before.health || node.healthReason !== before.healthReason
      const changes: FleetChange[] = [{ kind: 'node', node }]
      for (const finding of assessment.newFindings) {
        deps.counters.finding(finding)
        changes.push({ kind: 'finding', finding })
        changes.push({ kind: 'event', type: 'finding', message: finding.message, pool: node.pool, node: node.id })
      }
      if (changed) {
        const reason = node.healthReason ? `: ${node.healthReason}` : ''
        changes.push({
          kind: 'event',
          type: 'node-health',
          message: `${node.health}${reason}`,
          pool: node.pool,
          node: node.id,
        })
      }
      // A report that says nothing new is worth no disk write.
      const stored = changes.length > 1 || node.badReports !== before.badReports || before.reportedAt === undefined
      if (stored) await fleet.commit(changes)
      else fleet.touch(node)
      if (node.health === 'unhealthy' && before.health !== 'unhealthy') {
        log.warn('node unhealthy', { pool: node.pool, node: node.id, reason: node.healthReason })
      }
      if (assessment.decision !== 'none') await deps.onUnhealthy(node, assessment.decision)
      deps.onNews(node.id)
      return acknowledge(fleet.nodes.get(node.id) ?? node)
    },

    commands: (nodeId) => [...fleet.commands.values()].filter((command) => command.node === nodeId).map(commandOf),

    async issueCommand(nodeId, type, parameters) {
      const command: CommandRecord = {
        id: deps.newId(),
        node: known(nodeId).id,
        type,
        parameters,
        issuedAt: clock.now(),
      }
      await fleet.commit([{ kind: 'command', command }])
      return commandOf(command)
    },

    async acknowledge(nodeId, commandId, success, message) {
      const command = fleet.commands.get(commandId)
      if (!command || command.node !== nodeId) return
      await fleet.commit([
        { kind: 'command', command: { ...command, acknowledgedAt: clock.now(), success, message } },
        {
          kind: 'event',
          type: 'command',
          message: `command ${commandId} ${success ? 'done' : 'failed'}: ${message}`,
          node: nodeId,
        },
      ])
    },

    attach(nodeId, send) {
      links.set(nodeId, send)
      sent.delete(nodeId)
      const node = fleet.nodes.get(nodeId)
      if (node) sendState(node)
      for (const command of fleet.commands.values()) if (command.node === nodeId) send(commandMessage(command))
      return () => {
        if (links.get(nodeId) === send) {
          links.delete(nodeId)
          sent.delete(nodeId)
        }
      }
    },
  }

  function newcomer(request: RegisterNodeRequest): FleetNode {
    const named = config.pools.some((pool) => pool.name === request.pool) ? request.pool : undefined
    return {
      id: request.nodeId,
      pool: named ?? deps.poolOf(request.nodeId) ?? '',
      provider: request.provider,
      region: request.region,
      zone: request.zone,
      instanceType: request.instanceType,
      status: 'active',
      health: 'unknown',
      healthReason: 'no health report yet',
      recentReports: [],
      badReports: 0,
      gpus: [],
      samples: [],
      findings: [],
      hostname: '',
      internalIp: '',
      externalIp: '',
      kernelVersion: '',
      labels: {},
      agentVersion: '',
      bootId: '',
      createdAt: clock.now(),
    }
  }
}

function registered(before: FleetNode, request: RegisterNodeRequest, peerAddress: string, now: number): FleetNode {
  const { metadata } = request
  const restarted = before.bootId !== '' && request.bootId !== '' && request.bootId !== before.bootId
  const { reportedAt: _reportedAt, ...rest } = before
  return {
    ...(restarted ? rest : before),
    // Registering says nothing about health, and undoes nothing that was found or decided.
    findings: restarted ? afterRestart(before.findings) : before.findings,
    gpus: request.gpus.map(gpuOf),
    zone: before.zone || request.zone,
    region: before.region || request.region,
    provider: before.provider || request.provider,
    instanceType: before.instanceType || request.instanceType,
    hostname: metadata?.hostname || before.hostname,
    internalIp: metadata?.internalIp || peerAddress,
    externalIp: metadata?.externalIp ?? '',
    kernelVersion: metadata?.kernelVersion ?? '',
    labels: { ...metadata?.labels, ...before.labels },
    agentVersion: request.agentVersion,
    bootId: request.bootId,
    registeredAt: now,
    lastHeartbeat: now,
  }
}

function gpuOf(gpu: RegisterNodeRequest['gpus'][number]): Gpu {
  return {
    index: gpu.index,
    uuid: gpu.uuid,
    name: gpu.name,
    pciBusId: gpu.pciBusId,
    ...(gpu.memoryTotal > 0n && { memoryTotalBytes: Number(gpu.memoryTotal) }),
    ...(gpu.driverVersion !== '' && { driverVersion: gpu.driverVersion }),
    ...(gpu.cudaVersion !== '' && { cudaVersion: gpu.cudaVersion }),
  }
}

function samplesOf(request: HeartbeatRequest, now: number): Partial<Pick<FleetNode, 'samples' | 'sampledAt'>> {
  if (!request.metrics || request.metrics.gpuMetrics.length === 0) return {}
  const samples = request.metrics.gpuMetrics.map(
    (gpu): GpuSample => ({
      index: gpu.gpuIndex,
      ...(gpu.gpuUuid !== '' && { uuid: gpu.gpuUuid }),
      ...(gpu.utilizationPercent !== undefined && { utilizationPercent: gpu.utilizationPercent }),
      ...(gpu.memoryUsed !== undefined && { memoryUsedBytes: Number(gpu.memoryUsed) }),
      ...(gpu.temperature !== undefined && { temperatureCelsius: gpu.temperature }),
      ...(gpu.powerUsage !== undefined && { powerWatts: gpu.powerUsage }),
      ...(gpu.eccCorrected !== undefined && { eccCorrected: Number(gpu.eccCorrected) }),
      ...(gpu.eccUncorrected !== undefined && { eccUncorrected: Number(gpu.eccUncorrected) }),
      ...(gpu.remappedRows !== undefined && { remappedRows: gpu.remappedRows }),
      ...(gpu.remapPending !== undefined && { remapPending: gpu.remapPending }),
      ...(gpu.remapFailed !== undefined && { remapFailed: gpu.remapFailed }),
    }),
  )
  return { samples, sampledAt: now }
}

/** An agent that does not know sends 0, which no running machine uses. */
function loadOf({ metrics }: HeartbeatRequest): NonNullable<FleetNode['load']> {
  return {
    ...(metrics && metrics.cpuUsagePercent > 0 && { cpuPercent: metrics.cpuUsagePercent }),
    ...(metrics && metrics.memoryUsagePercent > 0 && { memoryPercent: metrics.memoryUsagePercent }),
  }
}

function acknowledge(node: FleetNode) {
  return create(ReportHealthResponseSchema, { acknowledged: true, nodeStatus: statusNumber(node.status) })
}

function commandOf(command: CommandRecord): NodeCommand {
  return create(NodeCommandSchema, {
    commandId: command.id,
    type: command.type,
    parameters: command.parameters,
    issuedAt: timestampFromMs(command.issuedAt),
  })
}

function commandMessage(command: CommandRecord): ServerMessage {
  return create(ServerMessageSchema, { body: { case: 'command', value: commandOf(command) } })
}

function stateMessage(node: FleetNode, json: NodeJson | undefined): ServerMessage {
  const value = {
    health: healthNumber(node.health),
    status: statusNumber(node.status),
    healthReason: node.healthReason,
    nodeJson: json === undefined ? '' : JSON.stringify(json),
  }
  return create(ServerMessageSchema, { body: { case: 'state', value } })
}

function seconds(ms: number): number {
  return Math.max(1, Math.round(ms / 1000))
}
