import type { AnyRole, Role } from '@navarch/core/access/role'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'

/** Everything that a configuration file decides, complete: each absent key has its default. */
export interface NavarchConfig {
  server: ServerSpec
  /** In the file's order, then those that a pool's `provider` implies. Every pool's provider is among them. */
  providers: ProviderSpec[]
  pools: PoolSpec[]
  slurm: SlurmSpec
  jobs: JobsSpec
  alerts: AlertsSpec
}

export interface ServerSpec {
  /** Where the control plane listens. */
  address: { host: string; port: number }
  /** A second port for the job API alone; absent: port 8080 of the main address's host. */
  jobsAddress?: { host: string; port: number } | 'none'
  /** A port for Slurm's figures alone; absent: port 9341 of the main address's host. */
  slurmMetricsAddress?: { host: string; port: number } | 'none'
  /** Base URL under which nodes reach the control plane; absent: the address from which this machine reaches the node. */
  externalAddress?: string
  /** Proxies whose word on who asks is believed; absent: none is known. */
  trustedProxies?: Network[]
  heartbeatIntervalMs: number
  /** Silence after which a node's health is unknown. */
  heartbeatTimeoutMs: number
  /** How often an agent reports in full. */
  healthCheckIntervalMs: number
  autoscaleIntervalMs: number
  /** Absent: the ports are not encrypted. */
  tls?: TlsSpec
  auth: AuthSpec
}

/** A network of IP addresses, or one address alone. */
export interface Network {
  address: string
  family: 'ipv4' | 'ipv6'
  /** How many leading bits its addresses share. */
  prefix: number
}

export interface TlsSpec {
  certFile: string
  keyFile: string
  /** Whose certificates clients must have; absent: they need none. */
  clientCaFile?: string
  minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** What new nodes are given to know the control plane by. */
  caFile?: string
  /** How long browsers shall insist on HTTPS; 0: they are not told to. */
  hstsMs: number
}

/** Where a secret is read at the start. */
export type SecretSource = { env: string; file?: undefined } | { file: string; env?: undefined }

export interface StaticTokenSpec {
  name: string
  role: AnyRole
  source: SecretSource
}

export interface AuthSpec {
  tokens: StaticTokenSpec[]
  oidc?: OidcSpec
  /** Whether reading jobs needs a role too. */
  protectJobs: boolean
  sessionIdleMs: number
  sessionLifetimeMs: number
  /** Whether browsers may log in over a plain connection from elsewhere. */
  allowHttp: boolean
}

export interface OidcSpec {
  name: string
  issuer: string
  clientId: string
  /** Absent: a public client. */
  clientSecret?: SecretSource
  scopes: string[]
  roleClaim: string
  roleMapping: Record<string, Role>
  /** Absent: those in no group have no role. */
  defaultRole?: Role
  usernameClaim: string
  /** Address under which browsers reach the control plane; absent: the one that they came by. */
  redirectBase?: string
  audience: string
}

/** Types of provider, those that are not built yet included. */
export const providerTypes = ['lambda', 'gcp', 'aws', 'coreweave', 'fake', 'static', 'lab'] as const
export type ProviderType = (typeof providerTypes)[number]

interface NamedProvider {
  name: string
  /** Image for pools that name none. */
  image?: string
}

export interface LambdaProviderSpec extends NamedProvider {
  type: 'lambda'
  /** Environment variable that holds the API key. */
  apiKeyEnv: string
  /** Absent: the provider's public address. */
  baseUrl?: string
}

export interface FakeProviderSpec extends NamedProvider {
  type: 'fake'
  /** GPUs of each simulated machine. */
  gpuCount: number
}

/** A machine that exists already and is reached over SSH. What is absent comes from the pool. */
export interface StaticHost {
  address: string
  name?: string
  user?: string
  port?: number
  instanceType?: string
  labels: Record<string, string>
}

export interface StaticProviderSpec extends NamedProvider {
  type: 'static'
  hosts: StaticHost[]
}

export interface LabProviderSpec extends NamedProvider {
  type: 'lab'
  /** Debian suite of the hosts, e.g. "bookworm"; absent: the provider chooses. */
  suite?: string
  /** Name of the lab, which keeps several on one machine apart. */
  lab: string
  /** Simulated GPUs of each host. */
  gpus: number
}

/** A provider that is known and not built yet: its pools load and provision nothing. */
export interface InactiveProviderSpec extends NamedProvider {
  type: 'gcp' | 'aws' | 'coreweave'
  project?: string
  region?: string
  zone?: string
}

export type ProviderSpec =
  | LambdaProviderSpec
  | FakeProviderSpec
  | StaticProviderSpec
  | LabProviderSpec
  | InactiveProviderSpec

export interface SlurmSpec {
  /** `auto`: the command line tools where they are found, else none. */
  driver: 'auto' | 'cli' | 'rest' | 'none'
  /** Path of slurm.conf. */
  conf?: string
  /** Folder of Slurm's commands; absent: the PATH. */
  bin?: string
  /** Address of slurmrestd: http(s) URL or "unix:/path". */
  restUrl?: string
  /** Version of the API to ask for, e.g. "v0.0.40"; absent: the newest common one. */
  apiVersion?: string
  /** Environment variable that holds slurmrestd's token. */
  tokenEnv: string
  pollIntervalMs: number
  /** Path of munge's key, given to new hosts. */
  mungeKey?: string
}

export interface JobsSpec {
  retention: {
    /** Age until which readings are kept as they were read. */
    rawMs: number
    /** Time that one value stands for after that. */
    stepMs: number
    samplesMs: number
    /** Age from its end at which a job goes. */
    jobsMs: number
  }
  metrics: {
    /** Most series of jobs, nodes and GPUs in `/metrics`. Absent: what the fleet needs. */
    maxSeries?: number
    /** How long an ended job is still shown. */
    endedMs: number
  }
  /** Absent: metrics are sent nowhere. */
  remoteWrite?: RemoteWriteSpec
  adminComment: boolean
  outputFile: boolean
}

export interface RemoteWriteSpec {
  url: string
  intervalMs: number
  timeoutMs: number
  /** Environment variable that holds a bearer token. */
  tokenEnv?: string
  basic?: { username: string; passwordEnv: string }
  headers: Record<string, string>
}
