import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { bothVendors, createAmdGpus } from '@navarch/gpu/amd-gpus'
import { withMigInstances } from '@navarch/gpu/mig-instances'
import { createNvidiaSmi, type NvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { type OpenedKernelLog, openKernelLog } from '@navarch/gpu/open-kernel-log'
import { createSimulatedGpus } from '@navarch/gpu/simulated-gpus'
import { isStuckInKernel } from '@navarch/gpu/stuck-process'
import { renderMetrics } from '@navarch/metrics/exposition'
import { systemClock } from '@navarch/system/clock'
import { createLog, type Log } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import { Command, CommanderError, Option } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { type CheckOutcome, runCheck } from './check.ts'
import { checkAsJson, checkAsTable } from './check-output.ts'
import { checkHelp, environmentHelp } from './help.ts'
import { createLinkOpener } from './link.ts'
import { openLocalServices } from './local-services.ts'
import { lostRecordsMetric, lostRecordsOf } from './lost-records.ts'
import { type Machine, readMachine } from './machine.ts'
import { createAgentFiles } from './memory.ts'
import { serveMetrics } from './metrics/serve-metrics.ts'
import { runAgent } from './run-agent.ts'
import {
  type AgentFolders,
  type AgentListeners,
  type AgentSettings,
  parseSettingsFile,
  type RawSettings,
  resolveSettings,
  SettingsError,
} from './settings.ts'

const defaultConfigPath = '/etc/navarch/agent.yaml'
/** sysexits.h, EX_USAGE: apart from the three outcomes of a check. */
const usageExitCode = 64
const checkExitCodes: Record<CheckOutcome, number> = { healthy: 0, findings: 1, unknown: 2 }

type Flags = RawSettings & { config?: string }

/** There where the driver of AMD's GPUs is loaded; without it their tools would be started for nothing. */
const amdDriver = '/dev/kfd'

const clock = systemClock

async function loadSettings({
  config,
  ...flags
}: Flags): Promise<{ settings: AgentSettings & AgentFolders & AgentListeners; machine: Machine }> {
  const machine = await readMachine(clock)
  const file = await readSettingsFile(config)
  const own = join(process.env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'navarch-node')
  const folders =
    process.getuid?.() === 0
      ? { stateDir: '/var/lib/navarch-node', hooksDir: '/var/lib/navarch/hooks', runDir: '/run/navarch' }
      : { stateDir: own, hooksDir: `${own}/hooks`, runDir: `${own}/run` }
  return { settings: resolveSettings(flags, file, process.env, { hostname: machine.hostname, ...folders }), machine }
}

async function readSettingsFile(path: string | undefined): Promise<RawSettings> {
  try {
    const text = await readFile(path ?? defaultConfigPath, 'utf8')
    return parseSettingsFile(path ?? defaultConfigPath, text)
  } catch (error) {
    if (error instanceof SettingsError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    if (path === undefined && reason.startsWith('ENOENT')) return {}
    throw new SettingsError(`${path ?? defaultConfigPath}: cannot be read: ${reason}`, { cause: error })
  }
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SettingsError(`--tls-ca, NAVARCH_TLS_CA or tls_ca: ${path} cannot be read: ${reason}`, { cause: error })
  }
}

function openGpus(node: string, signal: AbortSignal): NvidiaSmi {
  const { NAVARCH_FAKE_GPU: fake, NAVARCH_GPU_COUNT: count, NAVARCH_GPU_TYPE: name } = process.env
  if (fake && fake !== '0' && fake !== 'false') {
    const options = { clock, node, count: parseGpuCount(count), ...(name && { name }) }
    return createNvidiaSmi({ run: createSimulatedGpus(options).run, signal })
  }
  const stillStuck = () => isStuckInKernel('nvidia-smi', '--query-gpu=index,uuid')
  const nvidia = withMigInstances(createNvidiaSmi({ run: runCommand, stillStuck, signal }), {
    run: runCommand,
    stillStuck: () => isStuckInKernel('nvidia-smi', '-q'),
    signal,
  })
  return existsSync(amdDriver) ? bothVendors(nvidia, createAmdGpus({ run: runCommand, signal })) : nvidia
}

function parseGpuCount(text: string | undefined): number {
  const count = Number(text || '8')
  if (Number.isInteger(count) && count >= 0 && count <= 64) return count
  throw new SettingsError(`NAVARCH_GPU_COUNT "${text}": must be a whole number from 0 to 64`)
}

async function start(flags: Flags): Promise<void> {
  const { settings, machine } = await loadSettings(flags)
  const log = createLog((line) => process.stdout.write(line), { now: clock.now, fields: { node: settings.nodeId } })
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
  const kernelLog = await openKernelLog({ clock, ...machine, ...(settings.kernelLog && { file: settings.kernelLog }) })
  logStart(log, settings, kernelLog)
  const watch = { version: manifest.version, readsKernelLog: kernelLog.kind !== 'none' }
  const { exporter, ...local } = await openLocalServices(settings, machine, { clock, log, run: runCommand }, watch)
  void local.serve(stop.signal)
  const render = () => exporter.render() + renderMetrics([lostRecordsMetric(settings.nodeId, lostRecordsOf(local))])
  const metrics = settings.metricsAddress && (await serveMetrics(settings.metricsAddress, render, log))
  await runAgent(
    {
      ...local,
      onFault: exporter.onFault,
      settings,
      machine,
      clock,
      log,
      version: manifest.version,
      random: Math.random,
      nvidiaSmi: exporter.observe(openGpus(settings.nodeId, stop.signal)),
      kernelLog: kernelLog.kind === 'none' ? undefined : kernelLog.source,
      openLink: createLinkOpener({
        clock,
        server: settings.server,
        authToken: settings.authToken,
        ...(settings.tlsCa !== undefined && { ca: await readCa(settings.tlsCa) }),
      }),
      files: createAgentFiles(settings.stateDir),
    },
    stop.signal,
  )
  await Promise.all([metrics?.close(), exporter.close()])
  log.info('agent stopped')
}

function logStart(log: Log, settings: AgentSettings, kernelLog: OpenedKernelLog): void {
  log.info('agent started', {
    version: manifest.version,
    server: settings.server,
    kernel_log: kernelLog.kind === 'none' ? 'none' : kernelLog.path,
    state_dir: settings.stateDir,
  })
  if (kernelLog.kind === 'file' && kernelLog.problem !== undefined) {
    log.warn('the kernel log file cannot be read yet: no XID error is seen until it can', {
      file: kernelLog.path,
      error: kernelLog.problem,
    })
  }
  if (kernelLog.kind !== 'none') return
  log.error('no kernel log can be read: XID errors will not be seen; run as root or name a file with --kernel-log', {
    error: kernelLog.reason,
  })
}

async function check(flags: Flags, output: string): Promise<void> {
  const { settings, machine } = await loadSettings(flags)
  const kernelLog = await openKernelLog({ clock, ...machine, ...(settings.kernelLog && { file: settings.kernelLog }) })
  const result = await runCheck({
    node: settings.nodeId,
    clock,
    nvidiaSmi: openGpus(settings.nodeId, new AbortController().signal),
    kernelLog: kernelLog.kind === 'none' ? undefined : kernelLog.source,
    kernelLogReason: kernelLog.kind === 'none' ? kernelLog.reason : '',
  })
  process.stdout.write(output === 'json' ? checkAsJson(result) : checkAsTable(result))
  process.exitCode = checkExitCodes[result.outcome]
}

function createProgram(): Command {
  const program = new Command('navarch-node')
    .description("The node agent: tells the control plane about this node's GPUs and their health.")
    .configureOutput({ outputError: (text, write) => write(`navarch-node: ${text.replace(/^error: /, '')}`) })
    .version(manifest.version)
    .option('--server <url>', 'address of the control plane (default: http://localhost:50051)')
    .option('--node-id <id>', "the node's name in Slurm (default: the short host name)")
    .option('--pool <name>', "pool of the node (default: the control plane's own knowledge)")
    .option('--provider <name>', 'where the machine comes from')
    .option('--region <name>', 'region of the machine')
    .option('--zone <name>', 'zone of the machine')
    .option('--instance-type <type>', 'type of the machine')
    .option('--auth-token <token>', 'token for the control plane; better in NAVARCH_AUTH_TOKEN or the file')
    .option('--tls-ca <file>', "authorities of the control plane's certificate, PEM (NAVARCH_TLS_CA)")
    .option('--kernel-log <file>', "log file to read in place of the kernel's own log")
    .option('--state-dir <folder>', 'where unconfirmed reports wait (default: /var/lib/navarch-node for root)')
    .option(
      '--hooks-dir <folder>',
      'where hooks of Slurm leave notes, or "none" (default: /var/lib/navarch/hooks for root)',
    )
    .option(
      '--run-dir <folder>',
      'folder of the socket and the files for tools, or "none" (default: /run/navarch for root)',
    )
    .option(
      '--gpu-jobs-dir <folder>',
      'where dcgm-exporter finds the jobs of GPUs, or "none" (default: gpu-jobs in the socket\'s folder)',
    )
    .option('--metrics-address <address>', 'where to answer /metrics and /health, or "none" (default: :9400)')
    .option('--sample-interval <duration>', 'how often the GPUs are looked at (default: 15s)')
    .option('--config <file>', `settings as YAML (default: ${defaultConfigPath}, when it is there)`)
    .addHelpText('after', environmentHelp)
    .exitOverride()
    .action(start)
  program
    .command('check')
    .description('Look at the GPUs and the kernel log once and print what was found.')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .option('--node-id <id>', "the node's name (default: the short host name)")
    .option('--kernel-log <file>', "log file to read in place of the kernel's own log")
    .option('--config <file>', `settings as YAML (default: ${defaultConfigPath}, when it is there)`)
    .addHelpText('after', checkHelp)
    .exitOverride()
    .action(({ output, ...flags }: Flags & { output: string }) => check({ ...program.opts<Flags>(), ...flags }, output))
  program
    .command('version')
    .description('Print the version.')
    .action(() => void process.stdout.write(`navarch-node ${manifest.version}\n`))
  return program
}

/** Runs the program; the exit status is set, never forced, so that everything in flight ends by itself. */
async function main(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : usageExitCode
    } else if (error instanceof SettingsError) {
      process.stderr.write(`navarch-node: ${error.message}\n`)
      process.exitCode = usageExitCode
    } else {
      throw error
    }
  }
}

void main(process.argv.slice(2))
