import { durationRule, parseDuration } from '@navarch/core/duration'
import { isName, nameRule } from '@navarch/core/names'
import { parse as parseYaml, YAMLError } from 'yaml'
import { type ListenAddress, parseListenAddress } from './metrics/serve-metrics.ts'

/** What an agent is told about itself. */
export interface AgentSettings {
  /** Address of the control plane, http: or https:. */
  server: string
  /** The node's name in Slurm. */
  nodeId: string
  provider: string
  region: string
  zone: string
  instanceType: string
  /** Empty: the control plane knows by the node's name. */
  pool: string
  authToken: string | undefined
  /** File of the authorities that an https: server's certificate is of, PEM; absent: those of the machine. */
  tlsCa?: string
  /** A log file to read in place of the kernel's own log. */
  kernelLog: string | undefined
  stateDir: string
  /** How often GPUs are looked at, ms. */
  sampleIntervalMs: number
}

/** Folders of the machine that an installed agent shares with hooks and tools; undefined: it does without. */
export interface AgentFolders {
  /** Where hooks leave notes for the agent. */
  hooksDir: string | undefined
  /** Where the agent's socket and the node's files are. */
  runDir: string | undefined
  /** Where exporters of GPU metrics find who has which GPU. */
  gpuJobsDir: string | undefined
}

/** What an installed agent answers to scrapers. */
export interface AgentListeners {
  /** Where `/metrics` and `/health` are; undefined: nowhere. */
  metricsAddress: ListenAddress | undefined
}

/** Settings as flags and the file give them: all text. */
export type RawSettings = Partial<Record<SettingKey, string>>

const settingKeys = [
  'server',
  'nodeId',
  'provider',
  'region',
  'zone',
  'instanceType',
  'pool',
  'authToken',
  'tlsCa',
  'kernelLog',
  'stateDir',
  'sampleInterval',
  'hooksDir',
  'runDir',
  'gpuJobsDir',
  'metricsAddress',
] as const
type SettingKey = (typeof settingKeys)[number]

const fileKeys = new Map(settingKeys.map((key) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), key]))

/** A setting that cannot be used. The message names it, where it came from and what is allowed. */
export class SettingsError extends Error {
  override name = 'SettingsError'
  readonly code = 'settings'
}

/**
 * Reads the agent's file: a YAML mapping with the flags' names, "_" for "-".
 * @throws SettingsError with the line of the first mistake
 */
export function parseSettingsFile(path: string, text: string): RawSettings {
  let content: unknown
  try {
    content = parseYaml(text)
  } catch (error) {
    if (error instanceof YAMLError)
      throw new SettingsError(`${path}: ${error.message.split('\n')[0]}`, { cause: error })
    throw error
  }
  if (content === null || content === undefined) return {}
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new SettingsError(`${path}: must hold keys such as "server: http://control-plane:50051"`)
  }
  const settings: RawSettings = {}
  for (const [name, value] of Object.entries(content)) {
    const key = fileKeys.get(name)
    if (!key) throw new SettingsError(`${path}: ${name}: no such setting; known are ${[...fileKeys.keys()].join(', ')}`)
    if (value === null) continue
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new SettingsError(`${path}: ${name}: must be text, not ${JSON.stringify(value)}`)
    }
    settings[key] = String(value)
  }
  return settings
}

/** What the machine says where nothing was set. */
export interface SettingDefaults {
  hostname: string
  stateDir: string
  /** Those of the machine's one agent: another one, which has a state folder of its own, keeps its own there. */
  hooksDir: string
  runDir: string
}

/**
 * The settings that hold: flags win over the environment's token, which wins over the file.
 * @throws SettingsError
 */
export function resolveSettings(
  flags: RawSettings,
  file: RawSettings,
  env: Readonly<Record<string, string | undefined>>,
  defaults: SettingDefaults,
): AgentSettings & AgentFolders & AgentListeners {
  const given = (key: SettingKey): string | undefined => flags[key] || file[key] || undefined
  const stateDir = given('stateDir')
  const folder = (key: 'hooksDir' | 'runDir', name: string): string | undefined => {
    const path = given(key) ?? (stateDir === undefined ? defaults[key] : `${stateDir}/${name}`)
    return path === 'none' ? undefined : path
  }
  const runDir = folder('runDir', 'run')
  const gpuJobsDir = given('gpuJobsDir') ?? (runDir === undefined ? 'none' : `${runDir}/gpu-jobs`)
  const tlsCa = flags.tlsCa || env.NAVARCH_TLS_CA || file.tlsCa || undefined
  const nodeId = given('nodeId') ?? defaults.hostname.split('.')[0] ?? ''
  if (!isName(nodeId)) throw new SettingsError(`node id "${nodeId}": must be ${nameRule}`)
  return {
    server: parseServer(given('server') ?? 'http://localhost:50051'),
    nodeId,
    provider: given('provider') ?? '',
    region: given('region') ?? '',
    zone: given('zone') ?? '',
    instanceType: given('instanceType') ?? '',
    pool: given('pool') ?? '',
    authToken: flags.authToken || env.NAVARCH_AUTH_TOKEN || file.authToken || undefined,
    ...(tlsCa !== undefined && { tlsCa }),
    kernelLog: flags.kernelLog || env.NAVARCH_KERNEL_LOG || file.kernelLog || undefined,
    stateDir: stateDir ?? defaults.stateDir,
    sampleIntervalMs: parseInterval(given('sampleInterval') ?? '15s'),
    hooksDir: folder('hooksDir', 'hooks'),
    runDir,
    gpuJobsDir: gpuJobsDir === 'none' ? undefined : gpuJobsDir,
    metricsAddress: metricsAddressOf(given('metricsAddress') ?? ':9400'),
  }
}

/** Accepts "host:port" too, since that is how addresses are often handed on. */
function parseServer(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`)
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new SettingsError(`server "${text}": must be an address such as http://control-plane:50051`)
  }
  return url.origin
}

function metricsAddressOf(text: string): ListenAddress | undefined {
  if (text === 'none') return undefined
  const address = parseListenAddress(text)
  if (address) return address
  throw new SettingsError(
    `metrics address "${text}": must be an address such as ":9400", "127.0.0.1:9400" or "[::1]:9400", or "none"`,
  )
}

function parseInterval(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new SettingsError(`sample interval "${text}": must be ${durationRule}`)
  if (ms < 1000 || ms > 3_600_000) throw new SettingsError(`sample interval "${text}": must be between 1s and 1h`)
  return ms
}
