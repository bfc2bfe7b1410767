import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import { parseConfig } from '@navarch/config/parse-config'
import { formatProblem } from '@navarch/config/problem'
import { systemClock } from '@navarch/system/clock'
import { createLog } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import { Command, InvalidArgumentError } from 'commander'
import { startControlPlane } from './control-plane.ts'
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
  logLevel: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'
}

const command = new Command('navarch-control-plane')
  .description('Provisions, watches, scales and repairs pools of GPU nodes for Slurm.')
  .version(version)
  .option('-c, --config <file>', 'navarch-config.yaml; without it the control plane runs with no pools')
  .option('--address <host:port>', 'where to listen, in place of server.address (default 0.0.0.0:50051)', parseAddress)
  .option('--data-dir <dir>', 'where state is kept (default /var/lib/navarch for root, else ~/.local/state/navarch)')
  .option('--auth-token <token>', 'token that clients and agents must show; wins over NAVARCH_AUTH_TOKEN')
  .option('--download-dir <dir>', 'executables that /download/ serves to new nodes')
  .option('--log-level <level>', 'DEBUG, INFO, WARN or ERROR', parseLevel, 'INFO')
  .addHelpText(
    'after',
    `
Exit status: 0 stopped by SIGTERM or SIGINT, 1 cannot start or run, 2 wrong usage or configuration.

Examples:
  navarch-control-plane --config navarch-config.yaml
  NAVARCH_AUTH_TOKEN=secret navarch-control-plane --config navarch-config.yaml --data-dir /srv/navarch`,
  )
  .exitOverride((error) => {
    process.exitCode = error.exitCode === 0 ? 0 : 2
    throw error
  })

await main().catch((error: unknown) => {
  if (process.exitCode === undefined) process.exitCode = 1
  // commander has printed its own errors.
  if (!(error instanceof Error && error.name === 'CommanderError')) {
    process.stderr.write(`navarch-control-plane: ${error instanceof Error ? error.message : String(error)}\n`)
  }
})

async function main(): Promise<void> {
  command.parse()
  const options = command.opts<Options>()
  const config = await loadConfig(options.config)
  if (!config) {
    process.exitCode = 2
    return
  }
  const log = createLog((line) => process.stdout.write(line), { now: systemClock.now, level: options.logLevel })
  for (const warning of config.warnings) log.warn('configuration', { warning })
  const authToken = options.authToken ?? process.env['NAVARCH_AUTH_TOKEN']
  const dataDir = options.dataDir ?? defaultDataDir()
  const plane = await startControlPlane({
    config: config.value,
    dataDir,
    ...(options.address && { address: options.address }),
    ...(authToken && { authToken }),
    downloadDir: options.downloadDir ?? defaultDownloadDir(),
    effects: {
      clock: systemClock,
      random: Math.random,
      newId: () => randomBytes(6).toString('hex'),
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
    },
  })
  log.info('control plane started', {
    address: plane.url,
    version,
    data_dir: dataDir,
    pools: config.value.pools.length,
  })
  await stopSignal()
  log.info('control plane stopping')
  // Whatever hangs must not keep the program: all that matters is on disk.
  setTimeout(() => process.exit(1), forceMs).unref()
  await plane.close(graceMs)
  log.info('control plane stopped')
}

async function loadConfig(file: string | undefined): Promise<{ value: NavarchConfig; warnings: string[] } | undefined> {
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
  return { value: parsed.config, warnings: file === undefined ? [] : parsed.warnings.map(formatProblem) }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
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
