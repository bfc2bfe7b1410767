import { type Fields, optionalText, textList, withoutUndefined } from './fields.ts'
import { SlurmParseError } from './slurm-error.ts'

/** `scontrol show config`: what slurmctld runs with. */
export interface SlurmConfig {
  clusterName: string
  /** Version of slurmctld, e.g. "24.11.7". */
  version?: string
  /** Most nodes that may exist, dynamic ones included; 0 or undefined: no dynamic nodes. */
  maxNodeCount?: number
  resumeProgram?: string
  resumeTimeoutSeconds?: number
  slurmdTimeoutSeconds?: number
  slurmdPort?: string
  slurmUser?: string
  /** Items of SlurmctldParameters, e.g. "enable_configless", "power_save_interval=10". */
  slurmctldParameters: readonly string[]
  /** Whether slurmd may fetch its configuration from slurmctld (`slurmd --conf-server`). */
  configless: boolean
  /** Controllers in order, the primary first. */
  controllers: readonly { host: string; address?: string }[]
  /** Path of slurm.conf on the controller. */
  slurmConf?: string
  /** Every setting as printed. */
  settings: Readonly<Record<string, string>>
}

/**
 * Reads `scontrol show config` (`Key = value` lines, and the plugin configurations that follow in the same form).
 * @throws SlurmParseError when it names no cluster
 */
export function parseConfig(text: string): SlurmConfig {
  const settings: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Za-z_][\w:.[\]]*) *= ?(.*)$/.exec(line)
    if (match) settings[match[1] ?? ''] ??= match[2] ?? ''
  }
  const clusterName = optionalText(settings, 'ClusterName')
  if (clusterName === undefined) throw new SlurmParseError('a configuration without ClusterName', text)
  const slurmctldParameters = textList(settings, 'SlurmctldParameters')
  return withoutUndefined<SlurmConfig>({
    clusterName,
    version: optionalText(settings, 'SLURM_VERSION'),
    maxNodeCount: leadingNumber(settings, 'MaxNodeCount'),
    resumeProgram: optionalText(settings, 'ResumeProgram'),
    resumeTimeoutSeconds: leadingNumber(settings, 'ResumeTimeout'),
    slurmdTimeoutSeconds: leadingNumber(settings, 'SlurmdTimeout'),
    slurmdPort: optionalText(settings, 'SlurmdPort'),
    slurmUser: optionalText(settings, 'SlurmUser')?.replace(/\(\d+\)$/, ''),
    slurmctldParameters,
    configless: slurmctldParameters.some((item) => item.toLowerCase() === 'enable_configless'),
    controllers: Object.entries(settings)
      .filter(([key]) => /^SlurmctldHost\[\d+\]$/.test(key))
      .map(([, value]) => controllerOf(value)),
    slurmConf: optionalText(settings, 'SLURM_CONF'),
    settings,
  })
}

/** "20 sec" is 20; "UNLIMITED" and "INFINITE" are undefined. */
function leadingNumber(settings: Fields, key: string): number | undefined {
  const match = /^(\d+)\b/.exec(settings[key] ?? '')
  return match ? Number(match[1]) : undefined
}

function controllerOf(value: string): { host: string; address?: string } {
  const [, host = value, address] = /^([^()]*)\(([^()]*)\)$/.exec(value) ?? []
  return address === undefined ? { host } : { host, address }
}
