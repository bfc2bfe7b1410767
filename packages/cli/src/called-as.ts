import { CliError, exitCodes } from './cli-error.ts'

/** The program of vpenso that this one stands in for, by its name. */
const exporterName = 'prometheus-slurm-exporter'

/** Flags of that program and of its forks that choose nothing here, and whether a value follows. */
const withoutEffect: Readonly<Record<string, boolean>> = {
  'gpus-acct': false,
  'log.level': true,
  'log.format': true,
  'web.disable-exporter-metrics': false,
}

const passed: readonly string[] = ['listen-address', 'interval', 'bin', 'conf']

/** Where that program listens by itself. */
const itsAddress = ':8080'

/**
 * The arguments that are meant: under the name `prometheus-slurm-exporter`, with flags as Go's programs take them
 * (`-listen-address=:9341`, `--listen-address :9341`), they are those of `navarch exporter slurm`.
 * @param name what the program was called as, perhaps with its folder
 * @throws CliError `usage` for a flag that the exporter does not have
 */
export function argumentsOf(name: string | undefined, args: readonly string[]): string[] {
  if (name === undefined || name.split('/').at(-1) !== exporterName) return [...args]
  const result = ['exporter', 'slurm']
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    const [, flag = '', value] = /^--?([a-z][a-z.-]*)(?:=(.*))?$/s.exec(word) ?? []
    if (['h', 'help'].includes(flag)) return ['exporter', 'slurm', '--help']
    if (['V', 'version'].includes(flag)) return ['--version']
    if (passed.includes(flag)) result.push(`--${flag}=${value ?? args[++at] ?? ''}`)
    else if (flag in withoutEffect) at += withoutEffect[flag] && value === undefined ? 1 : 0
    else {
      const known = [...passed, ...Object.keys(withoutEffect)].map((each) => `-${each}`).join(', ')
      throw new CliError(
        exitCodes.usage,
        `${exporterName}: unknown argument ${JSON.stringify(word)}`,
        `It has ${known}.`,
      )
    }
  }
  return result.some((word) => word.startsWith('--listen-address'))
    ? result
    : [...result, `--listen-address=${itsAddress}`]
}
