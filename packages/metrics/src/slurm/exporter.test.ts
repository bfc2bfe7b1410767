import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import { afterEach, describe, expect, it } from 'vitest'
import { diag, emptySnapshot, job, node, noon } from '../../test/slurm-snapshots.ts'
import { createSlurmExporter } from './exporter.ts'
import { exporterHandler } from './exporter-handler.ts'
import { followLooks } from './follow-looks.ts'

const away = new SlurmError('unreachable', 'no controller answers')

/** An exporter over looks that the test makes; looks are stale after a minute. */
function exporterWorld() {
  const world = { now: noon, view: { failures: 0 } as SnapshotView }
  const exporter = createSlurmExporter({ now: () => world.now, view: () => world.view, staleAfterMs: 60_000 })
  const value = async (name: string) => {
    const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await exporter.text())?.[1]
    return found === undefined ? undefined : Number(found)
  }
  const look = async (over: Partial<ReturnType<typeof emptySnapshot>>) => {
    world.view = { snapshot: { ...emptySnapshot(), takenAt: world.now, ...over }, failures: 0 }
    await exporter.onLook()
  }
  const fail = async () => {
    world.view = { ...world.view, failures: world.view.failures + 1, error: away }
    await exporter.onLook()
  }
  return { world, exporter, value, look, fail }
}

describe('the exporter', () => {
  it('is down before the first look, and has no figures', async () => {
    const { exporter, value } = exporterWorld()
    expect(await value('slurm_up')).toBe(0)
    expect(await exporter.text()).not.toMatch(/^slurm_nodes|^slurm_exporter_snapshot_age_seconds \d/m)
  })

  it('tells the newest look and its age', async () => {
    const { world, value, look } = exporterWorld()
    await look({ nodes: [node('n1')] })
    world.now += 12_000
    expect(await value('slurm_up')).toBe(1)
    expect(await value('slurm_nodes_total')).toBe(1)
    expect(await value('slurm_exporter_snapshot_age_seconds')).toBe(12)
    await look({ nodes: [node('n1'), node('n2')] })
    expect(await value('slurm_nodes_total')).toBe(2)
  })

  it('keeps old figures for a while when looks fail, then tells none, and none as 0', async () => {
    const { world, exporter, value, look, fail } = exporterWorld()
    await look({ nodes: [node('n1')] })
    world.now += 30_000
    await fail()
    expect([await value('slurm_up'), await value('slurm_nodes_total')]).toEqual([0, 1])
    world.now += 31_000
    await fail()
    expect([await value('slurm_up'), await value('slurm_nodes_total')]).toEqual([0, undefined])
    expect(await value('slurm_exporter_snapshot_age_seconds')).toBe(61)
    expect(await value('slurm_exporter_failed_looks')).toBe(2)
    const names = [...(await exporter.text()).matchAll(/^(slurm_\w+)/gm)].map((match) => match[1] ?? '')
    expect(names.filter((name) => !/^slurm_(up$|exporter_)/.test(name))).toEqual([])
    await look({ nodes: [node('n1')] })
    expect([await value('slurm_up'), await value('slurm_nodes_total')]).toEqual([1, 1])
  })

  it('tells reservations and shares as long as they are not much older than the look', async () => {
    const { world, exporter, value, look } = exporterWorld()
    exporter.setDetails({ takenAt: noon, shares: [{ account: 'physics', fairShare: 0.5 }], costs: [] })
    await look({})
    expect(await value('slurm_account_fairshare')).toBe(0.5)
    world.now += 301_000
    await look({})
    await exporter.text()
    expect(await value('slurm_account_fairshare')).toBeUndefined()
  })

  it('has no figures that are new by a clock alone that was set back', async () => {
    const { world, value, look, fail } = exporterWorld()
    const told = async () => [
      await value('slurm_up'),
      await value('slurm_nodes_total'),
      await value('slurm_exporter_snapshot_age_seconds'),
    ]
    await look({ nodes: [node('n1')] })
    world.now -= 20_000
    expect(await told()).toEqual([1, 1, 20])
    world.now -= 50_000
    await fail()
    expect(await told()).toEqual([0, undefined, 70])
    world.now -= 3_600_000
    await look({ nodes: [node('n1'), node('n2')] })
    expect(await told()).toEqual([1, 2, 0])
  })

  it('has none of a look that succeeded where the clock is set back by an hour, until the next', async () => {
    const { world, value, look } = exporterWorld()
    await look({ nodes: [node('n1')] })
    expect(await value('slurm_nodes_total')).toBe(1)
    world.now -= 3_600_000
    expect([await value('slurm_up'), await value('slurm_nodes_total')]).toEqual([0, undefined])
    const looking = look({ nodes: [node('n1'), node('n2')] })
    expect([await value('slurm_nodes_total'), await value('slurm_up')]).toEqual([2, 1])
    await looking
  })

  it('tells no old reservations and shares where the clock is set back', async () => {
    const { world, exporter, value, look } = exporterWorld()
    exporter.setDetails({ takenAt: noon, shares: [{ account: 'physics', fairShare: 0.5 }], costs: [] })
    world.now -= 3_600_000
    await look({})
    expect(await value('slurm_account_fairshare')).toBeUndefined()
  })

  it('does not take slow looks that succeed for failing ones', async () => {
    const { world, value, look } = exporterWorld()
    await look({ nodes: [node('n1')] })
    world.now += 120_000
    expect([await value('slurm_up'), await value('slurm_nodes_total')]).toEqual([1, 1])
  })

  it('makes the page once for a look, however many ask', async () => {
    let reads = 0
    const { exporter, look } = exporterWorld()
    const nodes = new Proxy([node('n1')], {
      get(target, key, receiver) {
        if (key === 'flatMap') reads++
        return Reflect.get(target, key, receiver)
      },
    })
    await look({ nodes })
    await exporter.text()
    const once = reads
    expect(once).toBeGreaterThan(0)
    await Promise.all(Array.from({ length: 20 }, () => exporter.page(true)))
    expect(reads).toBe(once)
  })

  it('counts ends and its own cost from look to look', async () => {
    const { world, exporter, look } = exporterWorld()
    const costs = [{ command: 'squeue', tookMs: 20, bytes: 10 }]
    await look({ costs, diag: diag({ REQUEST_JOB_INFO: [1, 1000] }) })
    expect(await exporter.text()).not.toMatch(/^slurm_exporter_rpc_seconds \d/m)
    world.now += 15_000
    const ended = job(7, 'COMPLETED', 'EndTime=2026-11-21T12:00:10')
    await look({ costs, diag: diag({ REQUEST_JOB_INFO: [2, 3000] }), finished: [ended] })
    const text = await exporter.text()
    expect(text).toMatch(/^slurm_exporter_rpc_seconds 0.002$/m)
    expect(text).toMatch(/^slurm_jobs_ended_total\{partition="gpu",state="completed"\} 1$/m)
  })

  it('asks for what changes slowly once a minute, also when the clock is set back, and not while looks fail', () => {
    const asked: number[] = []
    let now = noon
    let tell: (view: SnapshotView) => void = () => {}
    const { exporter } = exporterWorld()
    followLooks(exporter, {
      onSnapshot: (callback) => {
        tell = callback
        return () => {}
      },
      details: async () => {
        asked.push(now - noon)
        return { takenAt: now, costs: [] }
      },
      now: () => now,
      onError: (error) => {
        throw error
      },
    })
    for (; now < noon + 150_000; now += 15_000) tell({ failures: now - noon === 60_000 ? 1 : 0 })
    expect(asked).toEqual([0, 75_000, 135_000])
    now -= 3_600_000
    tell({ failures: 0 })
    expect(asked).toHaveLength(4)
  })
})

describe('its answers', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })
  const serve = async (page: (gzip: boolean) => Promise<Buffer[]>) => {
    const errors: unknown[] = []
    const server = createServer(exporterHandler({ page }, (error) => errors.push(error))).listen(0, '127.0.0.1')
    servers.push(server)
    await new Promise((resolve) => server.once('listening', resolve))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, errors }
  }

  it('are compressed for those that take gzip alone', async () => {
    const { url } = await serve(async (gzip) => [Buffer.from(gzip ? 'packed' : 'plain')])
    const encodings = ['identity', 'gzip;q=0', 'deflate, gzip;q=0.0', 'gzip', 'deflate, gzip;q=0.5']
    const seen = await Promise.all(
      encodings.map(async (encoding) => {
        const answer = await fetch(`${url}/metrics?x=1`, { headers: { 'accept-encoding': encoding }, method: 'HEAD' })
        return answer.headers.get('content-encoding')
      }),
    )
    expect(seen).toEqual([null, null, null, 'gzip', 'gzip'])
  })

  it('say what there is, and that there is no more', async () => {
    const { url } = await serve(async () => [Buffer.from('slurm_up 1\n')])
    const status = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).status
    expect(await Promise.all(['/', '/healthz', '/health', '/metrics', '/api'].map((path) => status(path)))).toEqual([
      200, 200, 200, 200, 404,
    ])
    expect(await status('/metrics', { method: 'POST', body: 'x' })).toBe(405)
    const answer = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'identity' } })
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toBe('slurm_up 1\n')
  })

  it('are 500 where figures cannot be made, and the error is told', async () => {
    const { url, errors } = await serve(() => Promise.reject(new Error('no')))
    expect((await fetch(`${url}/metrics`)).status).toBe(500)
    expect(errors).toHaveLength(1)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })
})
