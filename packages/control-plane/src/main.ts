import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '@navarch/config/parse-config'
import { formatProblem } from '@navarch/config/problem'
import { systemClock } from '@navarch/system/clock'
import { createLog } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { startControlPlane } from './control-plane.ts'
import { type EnvironmentSettings, withEnvironment } from './environment.ts'
import { restoreOffline } from './restore-offline.ts'
import { version } from './version.ts'

/** SIGTERM must end the program within 10 s. */
const graceMs = 6_000
const forceMs = 9_000

interface Options {
  config?: string
  address?: { host: string; port: number }
  dataDir?: string
  authToken?: string
  downloadDir?: string
  dashboardDir?: string
  logLevel: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'
}

const command = new Command('navarch-control-plane')
  .description('Provisions, watches, scales and repairs pools of GPU nodes for Slurm.')
  .configureOutput({ outputError: (text, write) => write(`navarch-control-plane: ${text.replace(/^error: /, '')}`) })
  .version(version)
  .option('-c, --config <file>', 'navarch-config.yaml; without it the control plane runs with no pools')
  .option('--address <host:port>', 'where to listen, in place of server.address (default 0.0.0.0:50051)', parseAddress)
  .option('--data-dir <dir>', 'where state is kept (default /var/lib/navarch for root, else ~/.local/state/navarch)')
  .option('--auth-token <token>', 'token that clients and agents must show; wins over NAVARCH_AUTH_TOKEN')
  .option('--download-dir <dir>', 'executables that /download/ serves to new nodes')
  .option('--dashboard-dir <dir>', 'the built web page; by itself the one that comes with this program')
  .option('--log-level <level>', 'DEBUG, INFO, WARN or ERROR', parseLevel, 'INFO')
  .addHelpText(
    'after',
    `
Exit status: 0 stopped by SIGTERM or SIGINT, 1 cannot start or run, 2 wrong usage or configuration.

Variables: NAVARCH_AUTH_TOKEN; and without a configuration file, or beside it, SCHEDULER_BACKEND, SLURM_BASE_URL,
SLURM_API_VERSION, SLURM_AUTH_TOKEN, DATABASE_URL, HOST, PORT, METRICS_RETENTION_DAYS: see docs/jobs.md.

Examples:
  navarch-control-plane --config navarch-config.yaml
  NAVARCH_AUTH_TOKEN=secret navarch-control-plane --config navarch-config.yaml --data-dir /srv/navarch`,
  )
  .exitOverride((error) => {
    process.exitCode = error.exitCode === 0 ? 0 : 2
    throw error
  })
  .action(serve)

command
  .command('restore <file>')
  .description('put the content of a backup in place of all that is stored; the control plane must not run')
  .option('--data-dir <dir>', 'as above')
  .addHelpText(
    'after',
    `
DATABASE_URL is taken as the control plane takes it: the file of any engine restores into either.

Example:
  navarch-control-plane restore navarch.backup.gz --data-dir /srv/navarch`,
  )
  .action(restore)

await command.parseAsync().catch((error: unknown) => {
  if (process.exitCode === undefined) process.exitCode = 1
  // commander has printed its own errors.
  if (!(error instanceof CommanderError)) {
    process.stderr.write(`navarch-control-plane: ${error instanceof Error ? error.message : String(error)}\n`)
  }
})

async function restore(file: string): Promise<void> {
  const dataDir = command.opts<Options>().dataDir ?? defaultDataDir()
  const log = createLog((line) => process.stderr.write(line), { now: systemClock.now, level: 'WARN' })
  const databaseUrl = process.env['DATABASE_URL']
  const restored = await restoreOffline({
    file,
    dataDir,
    ...(databaseUrl && { databaseUrl }),
    effects: { clock: systemClock, random: Math.random, newId, log },
  })
  process.stdout.write(`${restored}\n`)
}

async function serve(): Promise<void> {
  const options = command.opts<Options>()
  const config = await loadConfig(options)
  if (!config) {
    process.exitCode = 2
    return
  }
  const log = createLog((line) => process.stdout.write(line), { now: systemClock.now, level: options.logLevel })
  for (const warning of config.warnings) log.warn('configuration', { warning })
  const authToken = options.authToken ?? process.env['NAVARCH_AUTH_TOKEN']
  const dataDir = options.dataDir ?? defaultDataDir()
  const { databaseUrl } = config
  const stop = stopSignal()
  for (let again = true; again; ) {
    const restart = Promise.withResolvers<boolean>()
    const plane = await startControlPlane({
      config: config.config,
      dataDir,
      ...(databaseUrl && { databaseUrl }),
      ...(options.address && { address: options.address }),
      ...(authToken && { authToken }),
      downloadDir: options.downloadDir ?? defaultDownloadDir(),
      dashboardDir: options.dashboardDir ?? defaultDashboardDir(),
      effects: {
        clock: systemClock,
        random: Math.random,
        newId,
        run: runCommand,
        fetch,
        env: process.env,
        log,
        onStoreLost: (error) => {
          log.error('the store is lost; ending, to go on from what is on disk at the next start', {
            error: String(error),
          })
          process.exit(1)
        },
        onRestart: () => restart.resolve(true),
      },
    })
    log.info('control plane started', {
      address: plane.url,
      version,
      data_dir: dataDir,
      pools: config.config.pools.length,
    })
    again = await Promise.race([stop, restart.promise])
    log.info(again ? 'control plane starting again, with what was restored' : 'control plane stopping')
    // Whatever hangs must not keep the program: all that matters is on disk.
    const force = setTimeout(() => process.exit(1), forceMs).unref()
    await plane.close(graceMs)
    clearTimeout(force)
  }
  log.info('control plane stopped')
}

/** The file's settings with those of variables; undefined after the errors were told. */
async function loadConfig({ config: file, address }: Options): Promise<EnvironmentSettings | undefined> {
  let text = ''
  if (file !== undefined) {
    try {
      text = await readFile(file, 'utf8')
    } catch (error) {
      process.stderr.write(
        `navarch-control-plane: cannot read ${file}: ${error instanceof Error ? error.message : error}\n`,
      )
      return undefined
    }
  }
  const parsed = parseConfig(text, { file: file ?? 'defaults', home: homedir() })
  if (parsed.errors) {
    for (const error of parsed.errors) process.stderr.write(`${formatProblem(error)}\n`)
    return undefined
  }
  const given = new Set(
    parsed.settings.filter(({ source }) => file !== undefined && source.startsWith(`${file}:`)).map(({ key }) => key),
  )
  // PORT alone means that port of the host that is listened on.
  const { server } = parsed.config
  const config = { ...parsed.config, server: { ...server, address: address ?? server.address } }
  const settings = withEnvironment(config, (key) => given.has(key), process.env)
  if ('errors' in settings) {
    for (const error of settings.errors) process.stderr.write(`navarch-control-plane: ${error}\n`)
    return undefined
  }
  const warnings = file === undefined ? [] : parsed.warnings.map(formatProblem)
  return { ...settings, warnings: [...warnings, ...settings.warnings] }
}

/** Resolves with false when the program is to stop. */
function stopSignal(): Promise<false> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve(false))
    process.once('SIGINT', () => resolve(false))
  })
}

/** 12 random hexadecimal digits. Node keeps random UUIDs in store; random bytes are a call of the system each. */
function newId(): string {
  const uuid = randomUUID()
  return uuid.slice(0, 8) + uuid.slice(9, 13)
}

function defaultDataDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/navarch'
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'navarch')
}

/** The installed place, else what `npm run build:executables` made in the checkout. */
function defaultDownloadDir(): string {
  const installed = '/usr/share/navarch/executables'
  return existsSync(installed) ? installed : fileURLToPath(new URL('../../../dist/executables', import.meta.url))
}

/** Beside the bundled program, else what the dashboard's own build made in the checkout. */
function defaultDashboardDir(): string {
  const bundled = join(import.meta.dirname, 'dashboard')
  return existsSync(bundled) ? bundled : fileURLToPath(new URL('../../dashboard/dist', import.meta.url))
}

function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) throw new InvalidArgumentError('use HOST:PORT, for example 0.0.0.0:50051')
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}

function parseLevel(text: string): Options['logLevel'] {
  const level = (['DEBUG', 'INFO', 'WARN', 'ERROR'] as const).find((known) => known === text.toUpperCase())
  if (!level) throw new InvalidArgumentError('use DEBUG, INFO, WARN or ERROR')
  return level
}
