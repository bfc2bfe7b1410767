import type { Readable } from 'node:stream'
import type { RestoreJson } from '@navarch/api/backup'
import type {
  HeartbeatRequest,
  InstanceInfo,
  NodeCommand,
  NodeCommandType,
  RegisterNodeRequest,
  RegisterNodeResponse,
  ReportHealthRequest,
  ReportHealthResponse,
  ServerMessage,
} from '@navarch/api/control-plane'
import type {
  BootstrapLogJson,
  EventJson,
  NodeJson,
  OperationJson,
  PoolExplanationJson,
  PoolJson,
  VersionJson,
} from '@navarch/api/rest'
import type { AlertService } from './alert-service.ts'
import type { JobService } from './jobs/job-service.ts'
import type { ViewService } from './views/view-service.ts'

/**
 * What the control plane can be asked, whatever the protocol. REST and RPC handlers parse, authorise, call one of these
 * and render. All of them throw only `ServiceError`.
 */
export interface Services {
  nodes: NodeService
  pools: PoolService
  operations: OperationService
  events: EventService
  agents: AgentService
  backups: BackupService
  jobs: JobService
  alerts: AlertService
  views: ViewService
  version(): VersionJson
  /** Why the control plane is not ready to serve; undefined when it is. */
  notReady(): string | undefined
  /** The text of `/metrics`. */
  metrics(): Promise<string>
}

export interface NodeFilter {
  provider?: string
  region?: string
  status?: string
  pool?: string
  health?: string
}

export interface NodeService {
  list(filter: NodeFilter): NodeJson[]
  /** By id, short host name or FQDN. */
  get(id: string): Promise<NodeJson>
  cordon(id: string, reason: string): Promise<NodeJson>
  uncordon(id: string, reason: string): Promise<NodeJson>
  drain(id: string, reason: string): Promise<NodeJson>
  bootstrapLogs(id: string): Promise<BootstrapLogJson[]>
  /** Machines of now and of the past, newest first. */
  instances(filter: { provider?: string; region?: string; pool?: string }): Promise<InstanceInfo[]>
}

export interface PoolService {
  list(): PoolJson[]
  get(name: string): PoolJson
  explain(name: string): PoolExplanationJson
  /** `nodes` null: back to the autoscaler. */
  scale(name: string, nodes: number | null): Promise<PoolJson>
}

export interface OperationService {
  list(filter: { pool?: string; node?: string; all: boolean }): Promise<OperationJson[]>
  get(id: string): Promise<OperationJson>
  cancel(id: string): Promise<OperationJson>
  retry(id: string): Promise<OperationJson>
  /** Lets a proposal be carried out. @param by who says so */
  approve(id: string, by: string): Promise<OperationJson>
  /** Ends a proposal; it is not made again for a while. @param by who says so */
  reject(id: string, by: string, reason: string): Promise<OperationJson>
}

export interface EventService {
  /** Events with a greater number than `after`, oldest first. */
  since(after: number, limit: number): Promise<EventJson[]>
  /** The newest event's number. */
  latest(): number
  /** Calls back for every event from now on, until the returned function is called. */
  subscribe(listener: (event: EventJson) => void): () => void
}

export interface BackupService {
  /** All that is durable as of now, gzip'ed. It ends with an error when it cannot be read to its end. */
  backup(): Promise<{ body: Readable; createdAt: number }>
  /** Takes a backup in, checks it, and has the control plane start again with it. */
  restore(file: AsyncIterable<Uint8Array>): Promise<RestoreJson>
  /** What became of the last restore. */
  lastRestore(): RestoreJson
}

export interface AgentService {
  /** @param peerAddress the address that the agent connected from */
  register(request: RegisterNodeRequest, peerAddress: string): Promise<RegisterNodeResponse>
  heartbeat(request: HeartbeatRequest): void
  /** Resolves when what the report says is durable. */
  report(request: ReportHealthRequest): Promise<ReportHealthResponse>
  /** Commands of the node that are not acknowledged. */
  commands(nodeId: string): NodeCommand[]
  issueCommand(nodeId: string, type: NodeCommandType, parameters: Record<string, string>): Promise<NodeCommand>
  acknowledge(nodeId: string, commandId: string, success: boolean, message: string): Promise<void>
  /** Sends the node's commands and state down its link from now on, until the returned function is called. */
  attach(nodeId: string, send: (message: ServerMessage) => void): () => void
}
