import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertHistoryJson, AlertJson, AlertReceiverJson, AlertRuleJson } from '@navarch/api/alerts'
import { runCommand } from '@navarch/system/run-command'
import { afterAll, beforeAll, describe, expect, it as plainIt, vi } from 'vitest'
import { type RealSlurm, slurmPlaces, startRealSlurm, whyNot } from '../packages/slurm/test/real-slurm.ts'
import { freePort } from './lab/pool-on-slurm.ts'
import { type ControlPlaneProcess, root, startControlPlane } from './lab/process.ts'

/** The built-in rules as they are, but for how long they take. */
const hasty = `
    - {name: SlurmControllerDown, for: 3s, resolve_after: 0s}
    - {name: SlurmDataStale, threshold: 6}
    - {name: SlurmNoNodeInService, for: 1s}
    - {name: SlurmNodesUnavailable, for: 1s}
    - {name: NodeAvailabilityLow, for: 1s}
    - {name: CapacityLow, for: 1s}
    - {name: JobWaitTimeLong, for: 1s, threshold: 3}
    - {name: QueueStuck, for: 1s}
    - {name: NodeDownInSlurm, for: 1s}
    - {name: NodeOutOfServiceLong, threshold: 3}
`

/** The newest Slurm there is (`alerts-causes.test.ts` has the oldest); with NAVARCH_TEST_LONG=1 all. */
const places = slurmPlaces()
  .filter((_, index, all) => process.env['NAVARCH_TEST_LONG'] === '1' || index === all.length - 1)
  .map((place) => ({ name: place.name, place, reason: whyNot(place) }))

describe.each(places)('alerts on a real Slurm: $name', { timeout: 120_000 }, ({ place, reason }) => {
  const it = plainIt.skipIf(reason)
  const dir = mkdtempSync(join(tmpdir(), 'navarch-e2e-alerts-'))
  let slurm: RealSlurm
  let plane: ControlPlaneProcess
  let hook: Server
  const told: { kind: string; title: string; firing: number }[] = []

  beforeAll(async () => {
    if (reason !== undefined) return
    slurm = await startRealSlurm(place)
    hook = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      told.push(JSON.parse(body))
      response.end()
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    const binDir = slurm.programs(['squeue', 'scontrol', 'sdiag', 'sinfo', 'sacctmgr', 'sacct'])
    const config = join(dir, 'navarch-config.yaml')
    await writeFile(
      config,
      `server: {jobs_address: none, slurm_metrics_address: none}
slurm: {bin: ${binDir}, poll_interval: 1s}
alerts:
  interval: 1s
  receivers:
    - {name: hook, type: webhook, url: "http://127.0.0.1:${(hook.address() as AddressInfo).port}/"}
  routes:
    - {receivers: [hook], group_by: [rule], group_wait: 2s, group_interval: 5s}
  rules:${hasty}`,
    )
    plane = await startControlPlane({
      ...{ config, dataDir: join(dir, 'data'), port: await freePort(), output: join(dir, 'log') },
    })
    await plane.logged((line) => line.msg === 'control plane started', 60_000)
    const seen = async () => expect((await rule('SlurmControllerDown')).problem).toBeNull()
    await vi.waitFor(seen, { timeout: 30_000, interval: 500 })
  }, 300_000)

  afterAll(async () => {
    await plane?.kill()
    hook?.closeAllConnections()
    hook?.close()
    await slurm?.stop()
    rmSync(dir, { recursive: true })
  }, 60_000)

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${plane.url}${path}`, { signal: AbortSignal.timeout(10_000) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const rule = (name: string) => get<AlertRuleJson>(`/api/v1/alert-rules/${name}`)
  const firing = async () => {
    const alerts = await get<AlertJson[]>('/api/v1/alerts?state=firing')
    return [...new Set(alerts.map((alert) => alert.rule))].sort()
  }
  const waits = { timeout: 60_000, interval: 500 }
  const ask = async (program: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await slurm.run(program, ...args)
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
    return stdout.trim()
  }
  const submit = (...args: string[]) => ask('sbatch', '--parsable', '--chdir=/tmp', '--output=/dev/null', ...args)

  it('there are none while all is well', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(await firing()).toEqual([])
  })

  it('a node that is down fires, names its reason, and is over when it is up', async () => {
    await ask('scontrol', 'update', 'NodeName=n1', 'State=DOWN', 'Reason=fan noise')
    await expect.poll(firing, waits).toContain('NodeDownInSlurm')
    const [alert] = await get<AlertJson[]>('/api/v1/alerts?rule=NodeDownInSlurm&state=firing')
    expect(alert).toMatchObject({
      labels: { node: 'n1' },
      summary: 'n1: down in Slurm: fan noise',
      severity: 'warning',
    })
    expect(await firing()).toContain('NodeAvailabilityLow')
    await ask('scontrol', 'update', 'NodeName=n1', 'State=RESUME')
    await expect.poll(firing, waits).toEqual([])
  })

  it('nodes that are drained fire, by whom, and so does a cluster without any', async () => {
    await ask('scontrol', 'update', 'NodeName=n[1-2]', 'State=DRAIN', 'Reason=new floor')
    await expect
      .poll(firing, waits)
      .toEqual(expect.arrayContaining(['NodeAvailabilityLow', 'NodeOutOfServiceLong', 'SlurmNoNodeInService']))
    const drained = await get<AlertJson[]>('/api/v1/alerts?rule=NodeOutOfServiceLong&state=firing')
    expect(drained.map(({ labels }) => [labels['node'], labels['owner']]).sort()).toEqual([
      ['n1', 'person'],
      ['n2', 'person'],
    ])
    await ask('scontrol', 'update', 'NodeName=n[1-2]', 'State=RESUME')
    await expect.poll(firing, waits).toEqual([])
  })

  it('a full cluster fires, and so do jobs that wait', async () => {
    const full = await submit('-N2', '--exclusive', '--gres=gpu:8', '--wrap=sleep 300')
    await expect.poll(() => ask('squeue', '-h', '-j', full, '-o', '%T'), waits).toBe('RUNNING')
    await expect.poll(firing, waits).toEqual(['CapacityLow'])
    const waiting = await submit('-N1', '--wrap=sleep 1')
    await expect.poll(firing, waits).toEqual(['CapacityLow', 'JobWaitTimeLong', 'SlurmNodesUnavailable'])
    const [wait] = await get<AlertJson[]>('/api/v1/alerts?rule=JobWaitTimeLong&state=firing')
    expect(wait).toMatchObject({ labels: { partition: 'gpu' } })
    await ask('scancel', full, waiting)
    await expect.poll(firing, waits).toEqual([])
  })

  it('a job that can never start fires', async () => {
    const fails = await submit('-N1', '--wrap=exit 3')
    const never = await submit('-N1', `--dependency=afterok:${fails}`, '--wrap=true')
    await expect.poll(firing, waits).toContain('QueueStuck')
    await ask('scancel', never)
    await expect.poll(firing, waits).toEqual([])
  })

  it('what sdiag says is what rules see', async () => {
    const response = await fetch(`${plane.url}/api/v1/alert-rules`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Threads', metric: 'slurm_server_threads', condition: 'gte', threshold: 1 }),
    })
    expect(response.status).toBe(201)
    await expect.poll(firing, waits).toEqual(['Threads'])
    const [alert] = await get<AlertJson[]>('/api/v1/alerts?rule=Threads')
    const threads = Number(/Server thread count:\s*(\d+)/.exec(await ask('sdiag'))?.[1])
    expect(alert?.value).toBeGreaterThanOrEqual(1)
    expect(threads).toBeGreaterThanOrEqual(1)
    const removed = await fetch(`${plane.url}/api/v1/alert-rules/Threads`, { method: 'DELETE' })
    expect(removed.status).toBe(204)
    await expect.poll(firing, waits).toEqual([])
  })

  it('a slurmctld that is away fires, and changes nothing of what is known of nodes', async () => {
    await ask('scontrol', 'update', 'NodeName=n2', 'State=DOWN', 'Reason=gone')
    await expect.poll(firing, waits).toContain('NodeDownInSlurm')
    const [before] = await get<AlertJson[]>('/api/v1/alerts?rule=NodeDownInSlurm&state=firing')
    await slurm.stopController()
    await expect.poll(firing, waits).toEqual(expect.arrayContaining(['SlurmControllerDown', 'SlurmDataStale']))
    const now = async () => get<AlertJson>(`/api/v1/alerts/${before?.id}`)
    await expect.poll(async () => (await now()).unknown_since, waits).not.toBeNull()
    expect(await now()).toMatchObject({ state: 'firing', resolved_at: null })
    const begun = () => told.map(({ title }) => title)
    await expect.poll(begun, waits).toContainEqual(expect.stringMatching(/^\[critical\] SlurmControllerDown: /))
    await slurm.startController()
    await expect.poll(firing, waits).not.toContain('SlurmControllerDown')
    expect(await now()).toMatchObject({ id: before?.id, state: 'firing' })
    await ask('scontrol', 'update', 'NodeName=n2', 'State=RESUME')
    await expect.poll(firing, waits).toEqual([])
  })

  it('the command line shows, acknowledges and silences', async () => {
    const navarch = async (...args: string[]) => {
      const cli = join(root, 'packages/cli/bin/navarch.js')
      const env = { NAVARCH_SERVER: plane.url }
      return runCommand(process.execPath, [cli, ...args], { deadlineMs: 30_000, env })
    }
    await ask('scontrol', 'update', 'NodeName=n1', 'State=DOWN', 'Reason=fan noise')
    await expect.poll(firing, waits).toContain('NodeDownInSlurm')
    const shown = JSON.parse((await navarch('alerts', '--rule', 'NodeDownInSlurm', '-o', 'json')).stdout) as AlertJson[]
    expect(shown).toMatchObject([{ labels: { node: 'n1' } }])
    const id = shown[0]?.id ?? ''
    expect(await navarch('alert', 'ack', id, '--note', 'on my way')).toMatchObject({ code: 0 })
    expect((await navarch('alert', 'get', id)).stdout).toMatch(/^Acknowledged: +by .*: on my way$/m)
    const silence = await navarch('alert', 'silence', id, '--for', '1h', '--reason', 'known', '-o', 'json')
    expect(JSON.parse(silence.stdout)).toMatchObject({ reason: 'known', state: 'active' })
    const silenced = async () => (await navarch('alerts', '--silenced')).stdout
    await expect.poll(silenced, waits).toContain('NodeDownInSlurm')
    expect(await navarch('alert', 'unsilence', JSON.parse(silence.stdout).id)).toMatchObject({ code: 0 })
    expect(await navarch('alert', 'test', 'hook')).toMatchObject({ code: 0 })
    await ask('scontrol', 'update', 'NodeName=n1', 'State=RESUME')
    await expect.poll(firing, waits).toEqual([])
  })

  it('all of it was told, each beginning and each end, and nothing waits', async () => {
    const receivers = () => get<AlertReceiverJson[]>('/api/v1/alert-receivers')
    await expect.poll(async () => (await receivers())[0], waits).toMatchObject({ waiting: 0, error: '' })
    const events = await get<AlertHistoryJson[]>('/api/v1/alert-history?limit=1000')
    for (const name of hasty.match(/(?<=name: )\w+/g) ?? []) {
      const kinds = events.filter((event) => event.rule === name).map(({ event }) => event)
      expect(kinds, name).toEqual(expect.arrayContaining(['fired', 'resolved']))
    }
    const ends = () => told.filter(({ kind }) => kind === 'resolved').map(({ title }) => title)
    await expect.poll(ends, waits).toContainEqual(expect.stringMatching(/^\[resolved\] SlurmControllerDown: /))
  })
})
