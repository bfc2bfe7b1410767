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

const help = `Usage: ${exporterName} [options]

Serve Slurm's figures to Prometheus, under the names that they have in vpenso's exporter. The same as
"navarch exporter slurm", on another port.

Options, with one dash or two:
  -listen-address <[host]:port>  where to listen (default: ${itsAddress})
  -interval <duration>           between two looks at Slurm (default: 15s)
  -bin <folder>                  folder of Slurm's commands (PATH)
  -conf <file>                   slurm.conf (SLURM_CONF, else where it usually is)
  -gpus-acct                     has no effect: GPUs are always counted
  -log.level <level>, -log.format <format>, -web.disable-exporter-metrics
                                 have no effect
  -V, -version                   print this program's version
  -h, -help                      print this

Examples:
  ${exporterName} -listen-address=:9341
  ${exporterName} -listen-address=127.0.0.1:9341 -interval 30s
`

/** What `-h` prints under the name `prometheus-slurm-exporter`; undefined: it is not asked for, or under another name. */
export function helpOf(name: string | undefined, args: readonly string[]): string | undefined {
  return isExporter(name) && args.some((word) => /^--?h(?:elp)?$/.test(word)) ? help : undefined
}

function isExporter(name: string | undefined): boolean {
  return name?.split('/').at(-1) === exporterName
}

/**
 * The arguments that are meant: under the name `prometheus-slurm-exporter`, with flags as Go's programs take them
 * (`-listen-address=:9341`, `--listen-address :9341`), they are those of `navarch exporter slurm`.
 * @param name what the program was called as, perhaps with its folder
 * @throws CliError `usage` for a flag that the exporter does not have
 */
export function argumentsOf(name: string | undefined, args: readonly string[]): string[] {
  if (!isExporter(name)) return [...args]
  const result = ['exporter', 'slurm']
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    const [, flag = '', value] = /^--?([a-zA-Z][a-z.-]*)(?:=(.*))?$/s.exec(word) ?? []
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
