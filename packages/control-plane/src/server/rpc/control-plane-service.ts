import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect'
import {
  AcknowledgeCommandResponseSchema,
  type ControlPlaneService,
  GetInstanceResponseSchema,
  InstanceState,
  NodeCommandType,
  WatchResponseSchema,
} from '@navarch/api/control-plane'
import { ServiceError } from '../../services/service-error.ts'
import type { Services } from '../../services/services.ts'
import { callerKey, principalKey } from '../caller.ts'
import { type FollowOptions, followEvents } from '../follow-events.ts'
import {
  bootstrapLogOf,
  checkInstanceState,
  explanationOf,
  listEnum,
  nodeInfoOf,
  operationOf,
  poolOf,
  statusFilterOf,
  watchResponseOf,
} from './convert.ts'
import { checkRegistration, requireField } from './validate.ts'

/**
 * The control plane's RPCs on Connect, gRPC and gRPC-Web. AgentLink over gRPC never comes here: it has a handler of
 * its own (link/).
 */
export function controlPlaneService(
  services: Services,
  follow: Omit<FollowOptions, 'signal'>,
): ServiceImpl<typeof ControlPlaneService> {
  const { nodes, pools, operations, events, agents } = services
  return {
    async registerNode(request, context) {
      checkRegistration(request)
      return agents.register(request, context.values.get(callerKey).remoteAddress ?? '')
    },
    async reportHealth(request) {
      requireField(request.nodeId, 'node_id')
      return agents.report(request)
    },
    sendHeartbeat(request) {
      requireField(request.nodeId, 'node_id')
      agents.heartbeat(request)
      return { acknowledged: true }
    },
    getNodeCommands(request) {
      return { commands: agents.commands(requireField(request.nodeId, 'node_id')) }
    },
    async acknowledgeCommand(request) {
      requireField(request.nodeId, 'node_id')
      requireField(request.commandId, 'command_id')
      await agents.acknowledge(request.nodeId, request.commandId, request.success, request.message)
      return create(AcknowledgeCommandResponseSchema)
    },
    // biome-ignore lint/correctness/useYield: a stream that never begins
    async *agentLink() {
      throw new ConnectError('AgentLink needs gRPC over HTTP/2 (content-type application/grpc)', Code.Unimplemented)
    },

    listNodes({ provider, region, status: wanted }) {
      const status = statusFilterOf(wanted)
      const filter = {
        ...(provider && { provider }),
        ...(region && { region }),
        ...(status !== undefined && { status }),
      }
      return { nodes: nodes.list(filter).map(nodeInfoOf) }
    },
    async getNode(request) {
      return { node: nodeInfoOf(await nodes.get(requireField(request.nodeId, 'node_id'))) }
    },
    async issueCommand({ nodeId, commandType, parameters }) {
      requireField(nodeId, 'node_id')
      if (commandType === NodeCommandType.UNKNOWN) throw new ServiceError('invalid', 'command_type is required')
      if (NodeCommandType[commandType] === undefined) {
        const message = `command_type is ${commandType}: it may be one of ${listEnum(NodeCommandType)}`
        throw new ServiceError('invalid', message)
      }
      const command = await agents.issueCommand(nodeId, commandType, parameters)
      return { commandId: command.commandId, ...(command.issuedAt && { issuedAt: command.issuedAt }) }
    },
    async listInstances({ provider, region, state, poolName: pool }) {
      checkInstanceState(state)
      const found = await nodes.instances({
        ...(provider && { provider }),
        ...(region && { region }),
        ...(pool && { pool }),
      })
      return { instances: found.filter((instance) => state === InstanceState.UNKNOWN || instance.state === state) }
    },
    async getInstance(request) {
      const id = requireField(request.instanceId, 'instance_id')
      const instances = await nodes.instances({})
      const instance = instances.find((candidate) => candidate.instanceId === id)
      if (!instance) throw new ServiceError('not_found', `instance not found: ${id}`)
      return create(GetInstanceResponseSchema, { instance })
    },

    listPools() {
      return { pools: pools.list().map(poolOf) }
    },
    getPool(request) {
      return { pool: poolOf(pools.get(requireField(request.name, 'name'))) }
    },
    explainPool(request) {
      return explanationOf(pools.explain(requireField(request.name, 'name')))
    },
    async scalePool({ name, nodes: size }) {
      requireField(name, 'name')
      if (size !== undefined && size < 0) {
        throw new ServiceError('invalid', `nodes is ${size}: it may be 0 or more, or absent for the autoscaler`)
      }
      return { pool: poolOf(await pools.scale(name, size ?? null)) }
    },

    async listOperations({ pool, node, all }) {
      const found = await operations.list({ ...(pool && { pool }), ...(node && { node }), all })
      return { operations: found.map(operationOf) }
    },
    async getOperation(request) {
      return { operation: operationOf(await operations.get(requireField(request.id, 'id'))) }
    },
    async cancelOperation(request) {
      return { operation: operationOf(await operations.cancel(requireField(request.id, 'id'))) }
    },
    async retryOperation(request) {
      return { operation: operationOf(await operations.retry(requireField(request.id, 'id'))) }
    },

    async approveOperation(request, context) {
      const by = context.values.get(principalKey)?.name ?? 'somebody'
      return { operation: operationOf(await operations.approve(requireField(request.id, 'id'), by)) }
    },
    async rejectOperation(request, context) {
      const by = context.values.get(principalKey)?.name ?? 'somebody'
      if (request.reason.length > 1000) throw new ServiceError('invalid', 'reason is longer than 1000 characters')
      return { operation: operationOf(await operations.reject(requireField(request.id, 'id'), by, request.reason)) }
    },

    async *watch(request, context) {
      if (request.after > BigInt(Number.MAX_SAFE_INTEGER)) {
        throw new ServiceError(
          'invalid',
          `after is ${request.after}: it is the number of an event, or 0 for new ones only`,
        )
      }
      const after = request.after === 0n ? events.latest() : Number(request.after)
      for await (const event of followEvents(events, after, { ...follow, signal: context.signal })) {
        if (event) yield create(WatchResponseSchema, watchResponseOf(event))
      }
    },
    async getBootstrapLog(request) {
      const logs = await nodes.bootstrapLogs(requireField(request.nodeId, 'node_id'))
      return { logs: logs.map(bootstrapLogOf) }
    },
  }
}
