import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { createSlurmExporter } from '@navarch/metrics/slurm/exporter'
import { exporterHandler } from '@navarch/metrics/slurm/exporter-handler'
import { followLooks } from '@navarch/metrics/slurm/follow-looks'
import { createSlurmClient, type SlurmClient } from '@navarch/slurm/client'
import { SlurmError } from '@navarch/slurm/slurm-error'
import { createSnapshotPoller, type SnapshotPoller } from '@navarch/slurm/snapshot-poller'
import { createLog, type Log } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import { CliError, endedBySignal, exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import type { ListenAddress } from './listen-address.ts'
import { remedyOf } from './remedy.ts'

export interface SlurmExporterFlags {
  listenAddress: ListenAddress
  /** Between two looks at Slurm, ms. */
  interval: number
  /** Folder of Slurm's commands. */
  bin?: string
  /** slurm.conf. */
  conf?: string
}

const requestDeadlineMs = 30_000
const mostConnections = 256
/** Looks may take this share of the time: nobody waits for them, and slurmctld has better to do. */
const maxShare = 0.03

/** `navarch exporter slurm`: looks at Slurm at an interval and serves its figures until it is told to end. */
export async function exporterSlurm({ io }: CommandContext, flags: SlurmExporterFlags): Promise<number> {
  const { clock, signal } = io
  await checkConfig(flags.conf, io)
  const log = createLog((line) => io.stdout.write(line), { now: clock.now })
  const client = createSlurmClient({
    run: runCommand,
    clock,
    mark: randomBytes(6).toString('hex'),
    excludedNodes: false,
    breathe: setImmediate,
    ...(flags.bin !== undefined && { bin: flags.bin }),
    ...(flags.conf !== undefined && { conf: flags.conf }),
  })
  const { text: version } = await slurmVersion(client)
  const poller = createSnapshotPoller({
    client,
    clock,
    intervalMs: flags.interval,
    maxIntervalMs: 4 * flags.interval,
    maxShare,
  })
  const exporter = createSlurmExporter({ now: clock.now, view: poller.latest, staleAfterMs: 4 * flags.interval })
  const onError = (error: unknown) => log.error('figures could not be made', { error: String(error) })
  followLooks(exporter, { onSnapshot: poller.onSnapshot, details: client.details, now: clock.now, onError })
  logLooks(poller, log)

  const server = createServer({ requestTimeout: requestDeadlineMs }, exporterHandler(exporter, onError))
  server.maxConnections = mostConnections
  try {
    await listen(server, flags.listenAddress)
    const address = formatAddress(flags.listenAddress, (server.address() as AddressInfo).port)
    log.info('slurm exporter started', { address, slurm: version, interval_s: flags.interval / 1000 })
    if (!signal.aborted) await once(signal, 'abort')
    log.info('slurm exporter stopped')
  } finally {
    poller.stop()
    server.close()
    server.closeAllConnections()
  }
  return endedBySignal
}

/** Asks the commands alone, not slurmctld: what is not installed does not become better by waiting. */
async function slurmVersion(client: SlurmClient) {
  try {
    return await client.version()
  } catch (error) {
    if (!(error instanceof SlurmError)) throw error
    throw new CliError(exitCodes.failed, `cannot look at Slurm: ${error.message}`, remedyOf(error), { cause: error })
  }
}

/** Slurm's commands would try again for a minute where the file that was named is not there. */
async function checkConfig(given: string | undefined, { env, readFile }: CommandContext['io']): Promise<void> {
  const path = given ?? env['SLURM_CONF']
  if (!path) return
  try {
    await readFile(path)
  } catch (error) {
    const where = given === undefined ? 'SLURM_CONF' : '--conf'
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(
      exitCodes.failed,
      `cannot read slurm.conf, which ${where} says is ${path}: ${why}`,
      `Name the cluster's slurm.conf with --conf.`,
      { cause: error },
    )
  }
}

async function listen(server: ReturnType<typeof createServer>, { host, port }: ListenAddress): Promise<void> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why =
      code === 'EADDRINUSE' ? 'another program has this port' : String(error instanceof Error ? error.message : error)
    throw new CliError(
      exitCodes.failed,
      `cannot listen on ${formatAddress({ ...(host !== undefined && { host }), port }, port)}: ${why}`,
      'End what has the port, or choose another with --listen-address.',
      { cause: error },
    )
  }
}

/** Tells when looks begin to fail, for another reason, or are good again; not each one. */
function logLooks(poller: SnapshotPoller, log: Log): void {
  let told: string | undefined
  poller.onSnapshot(({ error, snapshot }) => {
    const message = error?.message
    if (message === told) return
    told = message
    if (message === undefined)
      log.info('slurmctld answers', { nodes: snapshot?.nodes.length, took_ms: snapshot?.tookMs })
    else log.warn('cannot look at Slurm', { error: message })
  })
}

function formatAddress({ host = '' }: ListenAddress, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
