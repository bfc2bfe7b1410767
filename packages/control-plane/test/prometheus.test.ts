import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Metric } from '@navarch/metrics/exposition'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { pointsOfMetrics } from '../src/telemetry/points-of-metrics.ts'
import { createRemoteWriteClient } from '../src/telemetry/remote-write-client.ts'

const missing = spawnSync('prometheus', ['--version']).error ? 'prometheus is not installed' : undefined

/** Metrics as the job metrics are: series of jobs that come and go. */
function metricsOf(values: Record<string, number>): Metric[] {
  return [
    {
      name: 'hpc_job_cpu_usage_percent',
      help: '',
      type: 'gauge',
      samples: Object.entries(values).map(([job_id, value]) => ({
        labels: { job_id, node: 'gpu-1', user: 'ad"ä\n' },
        value,
      })),
    },
  ]
}

describe.skipIf(missing)(`remote write to a real Prometheus${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const folder = missing ? '' : mkdtempSync(join(tmpdir(), 'navarch-prometheus-'))
  let prometheus: ChildProcess
  let url = ''

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    writeFileSync(join(folder, 'prometheus.yml'), 'scrape_configs: []\n')
    prometheus = spawn(
      'prometheus',
      [
        ...['--config.file', join(folder, 'prometheus.yml'), '--storage.tsdb.path', join(folder, 'data')],
        ...['--web.listen-address', `127.0.0.1:${port}`, '--web.enable-remote-write-receiver', '--log.level', 'warn'],
      ],
      { stdio: 'ignore' },
    )
    await vi.waitFor(async () => expect((await fetch(`${url}/-/ready`)).status).toBe(200), {
      timeout: 30_000,
      interval: 100,
    })
  })

  afterAll(async () => {
    const ended = once(prometheus, 'exit')
    prometheus.kill()
    await ended
    rmSync(folder, { recursive: true })
  })

  /** The last value of each job at a moment. */
  async function valuesAt(at: number): Promise<Record<string, number>> {
    const query = new URLSearchParams({ query: 'hpc_job_cpu_usage_percent{cluster="c1"}', time: String(at / 1000) })
    const answer = await fetch(`${url}/api/v1/query?${query}`)
    const { data } = (await answer.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    return Object.fromEntries(
      data.result.map(({ metric, value }) => {
        expect(metric).toMatchObject({ node: 'gpu-1', user: 'ad"ä\n', cluster: 'c1' })
        return [metric['job_id'] ?? '', Number(value[1])]
      }),
    )
  }

  it('stores values under their labels and times, and ends a series when its job is gone', async () => {
    const client = createRemoteWriteClient(
      { url: `${url}/api/v1/write`, batch: 50 },
      { fetch, clock: systemClock, log: silentLog, random: () => 0 },
    )
    const start = systemClock.now() - 30_000
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, job) => [String(job), job / 4]))
    const first = pointsOfMetrics(metricsOf(many), start, undefined, { cluster: 'c1' })
    const second = pointsOfMetrics(metricsOf({ 1: 50.5, 2: 0 }), start + 15_000, first.series, { cluster: 'c1' })
    client.push(first.points)
    client.push(second.points)
    await client.idle()
    expect(client.metrics()[0]?.samples[0]?.value).toBe(240)
    expect(client.metrics()[1]?.samples.map(({ value }) => value)).toEqual([0, 0])
    expect(await valuesAt(start + 1000)).toEqual(many)
    expect(await valuesAt(start + 16_000)).toEqual({ 1: 50.5, 2: 0 })
    await client.close()
  })

  it('drops and counts what Prometheus refuses, such as a value older than the last', async () => {
    const client = createRemoteWriteClient(
      { url: `${url}/api/v1/write` },
      { fetch, clock: systemClock, log: silentLog, random: () => 0 },
    )
    const now = systemClock.now()
    client.push([{ name: 'late', labels: {}, value: 1, at: now }])
    await client.idle()
    client.push([{ name: 'late', labels: {}, value: 2, at: now - 600_000 }])
    await client.idle()
    expect(client.metrics()[0]?.samples[0]?.value).toBe(1)
    expect(client.metrics()[1]?.samples[0]).toEqual({ labels: { reason: 'rejected' }, value: 1 })
    await client.close()
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
