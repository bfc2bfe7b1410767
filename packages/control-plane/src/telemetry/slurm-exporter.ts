import { createServer } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { createSlurmExporter } from '@navarch/metrics/slurm/exporter'
import { exporterHandler } from '@navarch/metrics/slurm/exporter-handler'
import { followLooks } from '@navarch/metrics/slurm/follow-looks'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { listen, urlOf } from '../server/listen.ts'
import { ServerStartError } from '../server/start-error.ts'
import type { TlsCertificate } from '../server/tls-certificate.ts'
import type { SlurmLink } from '../slurm/slurm-link.ts'

/** Port of the figures of Slurm where no other is set: that of other Slurm exporters. */
const defaultSlurmMetricsPort = 9341

const requestDeadlineMs = 30_000
const mostConnections = 256

/** Slurm's figures for Prometheus, out of the looks that the control plane makes anyhow. */
export interface SlurmMetrics {
  /** For the main port's `/metrics`. */
  text(): Promise<string>
  /** Opens a port for them alone, encrypted with the certificate where there is one. One that is taken is told, and stops nothing. */
  open(address: { host: string; port: number }, certificate?: TlsCertificate): Promise<SlurmMetricsPort>
}

export interface SlurmMetricsPort {
  /** Undefined: it is not open. */
  url?: string
  /** Why it is not open, with the remedy. */
  problem?: string
  close(): Promise<void>
}

/** @param pollIntervalMs time between two looks */
export function createSlurmMetrics(
  slurm: Pick<SlurmLink, 'view' | 'onLook' | 'details'>,
  pollIntervalMs: number,
  { clock, log }: { clock: Pick<Clock, 'now'>; log: Log },
): SlurmMetrics {
  const { now } = clock
  const exporter = createSlurmExporter({ now, view: slurm.view, staleAfterMs: 4 * pollIntervalMs })
  const onError = (error: unknown) => log.error('figures of Slurm could not be made', { error: String(error) })
  const onSnapshot = (callback: (view: ReturnType<SlurmLink['view']>) => void) =>
    slurm.onLook(() => callback(slurm.view()))
  followLooks(exporter, { onSnapshot, details: slurm.details, now, onError })
  return {
    text: () => exporter.text(),
    async open(address, certificate) {
      const handle = exporterHandler(exporter, onError)
      const limits = { requestTimeout: requestDeadlineMs }
      const server = certificate
        ? createTlsServer({ ...limits, ...certificate.options() }, handle)
        : createServer(limits, handle)
      server.maxConnections = mostConnections
      try {
        const bound = await listen(server, address, 'server.slurm_metrics_address')
        const url = urlOf(bound, certificate ? 'https' : 'http')
        log.info('listening for scrapers of Slurm', { address: url })
        const stop = certificate?.onChange(() => {
          if (server instanceof TlsServer) server.setSecureContext(certificate.options())
        })
        return {
          url,
          async close() {
            stop?.()
            server.close()
            server.closeAllConnections()
          },
        }
      } catch (error) {
        if (!(error instanceof ServerStartError)) throw error
        log.warn('the port for figures of Slurm is not open', { reason: error.message })
        return { problem: error.message, close: async () => {} }
      }
    },
  }
}

/** What to tell where the port was asked for and pools run without Slurm; undefined: nobody asked. */
export function portWithoutSlurm(given: { host: string; port: number } | 'none' | undefined): string | undefined {
  if (given === undefined || given === 'none') return undefined
  const { host, port } = given
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return `nothing listens on ${address} (server.slurm_metrics_address): pools run without Slurm, so there are no figures of it; set slurm.bin or slurm.rest_url, or take the address out`
}

/** Where the port is: beside the main one by itself, chosen by the system where that one is; undefined: nowhere. */
export function slurmMetricsAddress(
  { host, port }: { host: string; port: number },
  given: { host: string; port: number } | 'none' | undefined,
): { host: string; port: number } | undefined {
  if (given === 'none') return undefined
  return given ?? { host, port: port === 0 ? 0 : defaultSlurmMetricsPort }
}
