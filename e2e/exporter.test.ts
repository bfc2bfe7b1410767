import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it as plainIt } from 'vitest'
import { slurmPlaces, whyNot } from '../packages/slurm/test/real-slurm.ts'
import { type ExporterProcess, startExporter } from './lab/exporter-process.ts'
import { type Exposition, parseExposition } from './lab/exposition.ts'
import { freePort } from './lab/pool-on-slurm.ts'
import { type ControlPlaneProcess, root, startControlPlane } from './lab/process.ts'
import { type RichSlurm, startRichSlurm } from './lab/rich-slurm.ts'
import { askSlurm } from './lab/slurm-truth.ts'
import { until } from './lab/until.ts'

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : undefined

/** Names that vpenso/prometheus-slurm-exporter 0.20 has. */
const inherited = [
  ...words('slurm_account', 'jobs_pending jobs_running cpus_running jobs_suspended'),
  ...words('slurm_cpus', 'alloc idle other total'),
  ...words('slurm_gpus', 'alloc idle total utilization'),
  ...words('slurm_node', 'cpu_alloc cpu_idle cpu_other cpu_total mem_alloc mem_total'),
  ...words('slurm_nodes', 'alloc comp down drain err fail idle maint mix resv'),
  ...words('slurm_partition', 'cpus_allocated cpus_idle cpus_other cpus_total jobs_pending'),
  ...words('slurm_queue', 'pending pending_dependency running suspended cancelled completing completed configuring'),
  ...words('slurm_queue', 'failed timeout preempted node_fail'),
  ...words('slurm_scheduler', 'threads queue_size dbd_queue_size last_cycle mean_cycle cycle_per_minute'),
  ...words('slurm_scheduler', 'backfill_last_cycle backfill_mean_cycle backfill_depth_mean'),
  ...words('slurm_scheduler', 'backfilled_jobs_since_start_total backfilled_jobs_since_cycle_total'),
  ...words('slurm_scheduler', 'backfilled_heterogeneous_total'),
  ...words('slurm_user', 'jobs_pending jobs_running cpus_running jobs_suspended'),
]

/** Documented names of what this test's short life and small cluster do not have, and those of accounting. */
const elsewhere = ['slurm_partition_jobs_completed_per_hour', 'slurm_exporter_dropped_series']
const accounted = words('slurm_account', 'fairshare shares_ratio usage_ratio')

function words(prefix: string, text: string): string[] {
  return text.split(' ').map((word) => `${prefix}_${word}`)
}

/** Slurm of this machine without accounting, and the newest of other suites' roots with it; with NAVARCH_TEST_LONG=1 all of them. */
const places = slurmPlaces()
  .filter((_, index, all) => process.env['NAVARCH_TEST_LONG'] === '1' || index === 0 || index === all.length - 1)
  .map((place) => {
    const accounting = place.root !== undefined
    return { name: place.name, place, accounting, reason: whyNot(place, { accounting }) }
  })

describe.each(places)('the exporter on a real Slurm: $name', ({ place, accounting, reason }) => {
  let slurm: RichSlurm
  let exporter: ExporterProcess
  let plane: ControlPlaneProcess
  let planePort = 0
  const dir = mkdtempSync(join(tmpdir(), 'navarch-exporter-'))
  const it = plainIt.skipIf(reason)

  beforeAll(async () => {
    if (reason !== undefined) return
    slurm = await startRichSlurm(place, accounting)
    const address = '-listen-address=127.0.0.1:0'
    exporter = await startExporter('prometheus-slurm-exporter.js', [
      address,
      '-gpus-acct',
      '-bin',
      slurm.binDir,
      '-interval=1s',
    ])
    planePort = await freePort()
    const config = join(dir, 'navarch-config.yaml')
    await writeFile(
      config,
      `server: {jobs_address: none, slurm_metrics_address: "127.0.0.1:${planePort}"}\nslurm: {bin: ${slurm.binDir}, poll_interval: 1s}\n`,
    )
    plane = await startControlPlane({
      config,
      dataDir: join(dir, 'data'),
      port: await freePort(),
      output: join(dir, 'log'),
    })
    await plane.logged((line) => line.msg === 'control plane started', 60_000)
  }, 300_000)

  afterAll(async () => {
    await plane?.kill()
    await exporter?.stop()
    await slurm?.real.stop()
    rmSync(dir, { recursive: true })
  }, 60_000)

  it('says what Slurm itself says, in every figure', async () => {
    let wrong: string[] = ['nothing was compared']
    // Jobs end and counters go on between the questions: what is true twice in a row is compared.
    await until(
      'all figures are those of Slurm',
      async () => {
        const before = await askSlurm(slurm.ask)
        const page = await figuresSince(exporter, Date.now())
        const truth = await askSlurm(slurm.ask)
        wrong = []
        for (const [name, values] of truth)
          for (const [key, value] of values) {
            if (before.get(name)?.get(key) !== value) continue
            const served = page.get(name)?.get(key)
            if (served !== value) wrong.push(`${name}{${key}}: ${served}, and Slurm says ${value}`)
          }
        return wrong.length === 0
      },
      30_000,
      500,
    ).catch(() => {})
    expect(wrong).toEqual([])
  })

  it('has series for just the nodes, users and the like that Slurm has', async () => {
    const truth = await askSlurm(slurm.ask)
    const page = await exporter.scrape()
    for (const name of [
      'slurm_node_cpu_total',
      'slurm_partition_cpus_total',
      'slurm_gres_total',
      'slurm_node_drain_reason_info',
    ])
      expect([...(page.get(name)?.keys() ?? [])].sort(), name).toEqual([...(truth.get(name)?.keys() ?? [])].sort())
  })

  it('has every name of the exporter that it stands in for, and of the document', async () => {
    const page = await exporter.scrape()
    expect(inherited.filter((name) => !page.get(name)?.size)).toEqual([])
    const text = await readFile(join(root, 'docs/slurm-exporter.md'), 'utf8')
    const tables = text.split('\n').filter((line) => line.startsWith('| `slurm_'))
    const documented = tables.flatMap((line) =>
      [...(line.split('|')[1] ?? '').matchAll(/`(slurm_\w+)`/g)].map((match) => match[1] ?? ''),
    )
    expect(documented.length).toBeGreaterThan(130)
    // Newer releases know Fair Tree alone, where sshare has a factor for users and none for accounts.
    const shared = (await askSlurm(slurm.ask)).has('slurm_account_fairshare')
    const absent = [...elsewhere, ...(accounting ? (shared ? [] : ['slurm_account_fairshare']) : accounted)]
    expect(documented.filter((name) => !page.get(name)?.size).sort()).toEqual(absent.sort())
    expect([...page.keys()].filter((name) => !documented.includes(name))).toEqual([])
  })

  it('counts GPUs by type, MIG instances and shards, and those of jobs however they were asked for', async () => {
    const page = await figuresSince(exporter, Date.now())
    const gpus = [...(page.get('slurm_gres_used') ?? [])].filter(([key]) => key.startsWith('gpu'))
    expect(Object.fromEntries(gpus)).toEqual({ 'gpu h100': 5, 'gpu a100': 1, 'gpu ': 2, 'gpu 1g.10gb': 2 })
    expect(page.get('slurm_gres_total')?.get('shard h100')).toBe(16)
    // --gpus=3, --gpus-per-node=a100:1, --gres=gpu:2, --gres=gpu:1g.10gb:2, --gpus-per-task=1 of 2 tasks; shards are no GPUs.
    expect(page.get('slurm_user_gpus_running')?.get('root')).toBe(10)
    expect(page.get('slurm_gpus_total')?.get('')).toBe(21)
  })

  it('agrees with itself', async () => {
    const page = await exporter.scrape()
    expect(page.get('slurm_exporter_consistent')?.get('')).toBe(1)
    const failed = [...(page.get('slurm_exporter_check_failed') ?? [])].filter(([, value]) => value !== 0)
    expect(failed).toEqual([])
  })

  plainIt.skipIf(reason ?? promtool)(`leaves promtool silent${promtool ? ` (skipped: ${promtool})` : ''}`, async () => {
    for (const url of [`${exporter.url}/metrics`, `http://127.0.0.1:${planePort}/metrics`, `${plane.url}/metrics`]) {
      const text = await (await fetch(url)).text()
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
      expect(checked.stdout + checked.stderr, url).toBe('')
      expect(checked.status, url).toBe(0)
    }
  })

  it('sends the same page compressed to those that take it', async () => {
    const raw = await fetch(`${exporter.url}/metrics`, { headers: { 'accept-encoding': 'gzip' } })
    expect(raw.headers.get('content-encoding')).toBe('gzip')
    const curl = spawnSync('curl', ['-s', '-H', 'Accept-Encoding: gzip', `${exporter.url}/metrics`])
    const names = (text: string) => [...parseExposition(text).keys()]
    expect(names(gunzipSync(curl.stdout).toString())).toEqual(names(await exporter.text()))
  })

  it('comes with the control plane too: on a port of its own and beside its other metrics', async () => {
    await until(
      'the control plane has looked',
      async () => (await scrape(`${plane.url}/metrics`)).get('slurm_up')?.get('') === 1,
      20_000,
    )
    const own = await scrape(`http://127.0.0.1:${planePort}/metrics`)
    const main = await scrape(`${plane.url}/metrics`)
    expect(own.get('slurm_nodes_total')?.get('')).toBe(7)
    expect(main.get('slurm_nodes_total')?.get('')).toBe(7)
    expect(own.has('navarch_slurm_failed_looks')).toBe(false)
    expect(main.has('navarch_slurm_failed_looks')).toBe(true)
    expect([...own.keys()].filter((name) => !main.has(name))).toEqual([])
  })

  it('tells that slurmctld is away, then tells nothing of it, and goes on when it is back', async () => {
    const value = async (name: string) => (await exporter.scrape()).get(name)?.get('')
    await slurm.real.stopController()
    await until('it is told', async () => (await value('slurm_up')) === 0, 30_000)
    // Looks that fail may take long; what is told after four intervals, 4 s, is nothing.
    await until('old figures are gone', async () => (await value('slurm_nodes_total')) === undefined, 30_000)
    const page = await exporter.scrape()
    expect([...page.keys()].filter((name) => !name.startsWith('slurm_exporter_'))).toEqual(['slurm_up'])
    expect(page.get('slurm_exporter_snapshot_age_seconds')?.get('')).toBeGreaterThan(4)
    expect(exporter.log()).toMatch(/"level":"WARN","msg":"cannot look at Slurm"/)
    await slurm.real.startController()
    await until('it is back', async () => (await value('slurm_up')) === 1, 60_000)
    expect(await value('slurm_nodes_total')).toBe(7)
  })

  it('starts where slurmctld is away, and ends on SIGTERM with status 0', async () => {
    await slurm.real.stopController()
    const second = await startExporter('navarch.js', [
      ...['exporter', 'slurm', '--listen-address=127.0.0.1:0', '--interval=1s', '--bin', slurm.binDir],
    ])
    const page = await second.scrape()
    expect(page.get('slurm_up')?.get('')).toBe(0)
    expect(page.has('slurm_nodes_total')).toBe(false)
    expect((await fetch(`${second.url}/healthz`)).status).toBe(200)
    expect(await second.stop()).toBe(0)
  })
})

/** A page of a look that began after this moment. */
async function figuresSince(exporter: ExporterProcess, at: number): Promise<Exposition> {
  let page: Exposition = new Map()
  await until(
    'there was a look',
    async () => {
      page = await exporter.scrape()
      const age = page.get('slurm_exporter_snapshot_age_seconds')?.get('')
      return age !== undefined && Date.now() - age * 1000 > at
    },
    20_000,
    50,
  )
  return page
}

async function scrape(url: string): Promise<Exposition> {
  return parseExposition(await (await fetch(url, { signal: AbortSignal.timeout(20_000) })).text())
}
