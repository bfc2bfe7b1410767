import { get } from 'node:https'
import { createServer } from 'node:net'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { createAuthority } from '../../test/server/certificates.ts'
import { openTlsCertificate } from '../server/tls-certificate.ts'
import { createSlurmMetrics, portWithoutSlurm, slurmMetricsAddress } from './slurm-exporter.ts'

const snapshot: SlurmSnapshot = {
  takenAt: Date.now(),
  tookMs: 10,
  version: { major: 24, minor: 11, micro: 5, text: '24.11.5' },
  nodes: [],
  jobs: [],
  finished: [],
  partitions: [],
  costs: [],
  problems: [],
}

/** Metrics over a link that has looked once. */
function world() {
  const view: SnapshotView = { snapshot, failures: 0 }
  const listeners = new Set<() => void>()
  const link = {
    view: () => view,
    onLook: (callback: () => void) => {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
    details: async () => ({ takenAt: snapshot.takenAt, costs: [] }),
  }
  const metrics = createSlurmMetrics(link, 15_000, { clock: { now: () => snapshot.takenAt + 1000 }, log: silentLog })
  for (const listener of listeners) listener()
  return metrics
}

describe("Slurm's figures of the control plane", () => {
  it('are on a port of their own and in the text for the main one', async () => {
    const metrics = world()
    const port = await metrics.open({ host: '127.0.0.1', port: 0 })
    expect(port.problem).toBeUndefined()
    const page = await (await fetch(`${port.url}/metrics`)).text()
    expect(page).toMatch(/^slurm_up 1$/m)
    expect(page).toMatch(/^slurm_nodes_total 0$/m)
    expect(await metrics.text()).toMatch(/^slurm_nodes_total 0$/m)
    await port.close()
    await expect(fetch(`${port.url}/metrics`)).rejects.toThrow()
  })

  it('are encrypted where the control plane is', async () => {
    const { ca, issue } = createAuthority()
    const tls = { ...issue('server', 1), minVersion: 'TLSv1.2' as const, hstsMs: 0 }
    const certificate = await openTlsCertificate(tls, { clock: createManualClock(), log: silentLog })
    const port = await world().open({ host: '127.0.0.1', port: 0 }, certificate)
    expect(port.url).toMatch(/^https:/)
    const page = await new Promise<string>((resolve, reject) => {
      get(`${port.url}/metrics`, { ca }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve(text))
      }).on('error', reject)
    })
    expect(page).toMatch(/^slurm_up 1$/m)
    await port.close()
    certificate.close()
  })

  it('do without a port that is taken, and say which setting moves it', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const opened = await world().open({ host: '127.0.0.1', port })
    expect(opened.url).toBeUndefined()
    expect(opened.problem).toMatch(/another program has this port.*server\.slurm_metrics_address/)
    await opened.close()
    other.close()
  })

  it('are missed aloud where an address was set for them and there is no Slurm', () => {
    expect(portWithoutSlurm({ host: '::', port: 9341 })).toMatch(
      /^nothing listens on \[::\]:9341 .*without Slurm.*slurm\.bin/,
    )
    expect([portWithoutSlurm(undefined), portWithoutSlurm('none')]).toEqual([undefined, undefined])
  })

  it('are on port 9341 beside the main one unless told otherwise, and on any where that is on any', () => {
    const main = { host: '10.0.0.1', port: 50_051 }
    expect(slurmMetricsAddress(main, undefined)).toEqual({ host: '10.0.0.1', port: 9341 })
    expect(slurmMetricsAddress({ ...main, port: 0 }, undefined)).toEqual({ host: '10.0.0.1', port: 0 })
    expect(slurmMetricsAddress(main, { host: '::1', port: 1 })).toEqual({ host: '::1', port: 1 })
    expect(slurmMetricsAddress(main, 'none')).toBeUndefined()
  })
})
