import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type {
  ActivityJson,
  FleetDeltaJson,
  FleetHistoryJson,
  FleetJson,
  FleetNodeJson,
  NodeStoryJson,
  OverviewJson,
  QueueJson,
  SearchHitJson,
  SlurmViewJson,
} from '@navarch/api/views'
import { suites } from '@navarch/lab/roots'
import { labKernelLog } from '@navarch/providers/lab/lab-provider'
import { afterAll, beforeAll, describe, expect, test as plainTest } from 'vitest'
import { slurmPlaces, startRealSlurm, whyNot } from '../packages/slurm/test/real-slurm.ts'
import { noBrowserReason, openBrowser, openPage } from './lab/browser.ts'
import { type JobsOnSlurm, startJobsOnSlurm } from './lab/jobs-on-slurm.ts'
import { freePort, rootOrReason } from './lab/pool-on-slurm.ts'
import { startControlPlane } from './lab/process.ts'
import { until } from './lab/until.ts'

const all = await Promise.all(suites.map(async (suite) => ({ suite, ...(await rootOrReason(suite)) })))
const found = all.filter(({ root }) => root)
/** The newest Slurm there is; with NAVARCH_TEST_LONG=1 all. Where there is none, one says why. */
const chosen = (found.length > 0 ? found : all.slice(0, 1))
  .filter((_, index, { length }) => process.env['NAVARCH_TEST_LONG'] === '1' || index === length - 1)
  .map(({ suite, root, reason }) => ({
    root,
    name: root ? `Slurm ${root.slurmVersion}` : `${suite} (skipped: ${reason})`,
  }))
const noBrowser = (await noBrowserReason()) !== undefined

/** What the dashboard reads of a control plane beside a real Slurm must be what Slurm's own commands say. */
describe.each(chosen)('the views on $name', ({ root }) => {
  const test = plainTest.skipIf(!root)
  let on: JobsOnSlurm
  const ids = { running: 0, held: 0, dependent: 0, array: 0, large: 0 }
  const view = <T>(path: string) => on.get<T>(`/api/v1/${path}`)
  const poll = { timeout: 30_000, interval: 500 }

  beforeAll(async () => {
    if (!root) return
    on = await startJobsOnSlurm({ root, nodes: 2 })
    await until(
      'both nodes are idle',
      async () => (await on.slurm('sinfo', '-h', '-t', 'idle', '-o', '%D')) === '2',
      60_000,
    )
    ids.running = await on.submit('sleep 600', '--gres=gpu:1', '--job-name=train', '-w', 'n1')
    ids.held = await on.submit('sleep 1', '--hold')
    ids.dependent = await on.submit('sleep 1', `--dependency=afterok:${ids.running}`)
    ids.array = await on.submit('sleep 1', '--hold', '--array=1-20%4')
    ids.large = await on.submit('sleep 1', '--gres=gpu:2', '-N2')
    await on.slurm('scontrol', 'update', 'nodename=n2', 'state=drain', 'reason=new fan')
    await until(
      'the job runs',
      async () => (await on.slurm('squeue', '-h', '-j', String(ids.running), '-o', '%T')) === 'RUNNING',
      60_000,
    )
    await until(
      'Slurm knows why the others wait',
      async () => !/None|Priority/.test(await on.slurm('squeue', '-h', '-t', 'PD', '-o', '%r')),
      90_000,
    )
  }, 600_000)
  afterAll(() => on?.end(), 120_000)

  const node = async (id: string): Promise<FleetNodeJson | undefined> =>
    (await view<FleetJson>('fleet')).nodes.find((each) => each.id === id)

  test('the fleet is what scontrol shows', async () => {
    await expect.poll(async () => (await node('n1'))?.gpus_used, poll).toBe(1)
    await expect.poll(async () => (await node('n2'))?.state, poll).toBe('drained')
    const shown = await on.slurm('scontrol', 'show', 'node', 'n1', '-d', '-o')
    expect(shown).toMatch(/GresUsed=gpu\S*:1\b/)
    expect(shown).toMatch(/State=MIXED\b/)
    expect(await node('n1')).toMatchObject({
      ...{
        state: 'mixed',
        owner: '',
        gpus: 2,
        jobs: [String(ids.running)],
        partitions: [expect.any(String)],
        health: 'healthy',
      },
    })
    expect(await node('n2')).toMatchObject({ owner: 'person', reason: 'new fan', gpus_used: 0, jobs: [] })
    const names = (await view<FleetJson>('fleet')).nodes.map(({ id }) => id)
    const sinfo = await on.slurm('sinfo', '-h', '-N', '-o', '%N')
    expect(names).toEqual([...new Set(sinfo.split('\n').map((line) => line.trim()))].sort())
  })

  test('the overview counts as sinfo and squeue do', async () => {
    const overview = await view<OverviewJson>('overview')
    expect(overview.nodes).toMatchObject({ mixed: 1, drained: 1 })
    const [allocated, idle, other, total] = (await on.slurm('sinfo', '-h', '-o', '%C')).split('/').map(Number)
    expect(overview.cpus).toEqual({ total, allocated, idle, other })
    const pending = (await on.slurm('squeue', '-h', '-r', '-t', 'PD', '-o', '%i')).split('\n').length
    expect(overview.queue?.pending).toBe(pending)
    expect(overview.queue?.by_reason.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(pending)
    expect(overview.jobs_running).toBe(1)
    expect(overview.gpus).toMatchObject({ total: 4, busy: 1, idle: 1, broken: 2 })
    expect(overview).toMatchObject({ mood: 'good', todo: [] })
    expect(overview.sentence).toBe(
      'Nothing to do: 1 of 2 nodes is in service, 1 of 4 GPUs is busy; n2 is drained by people.',
    )
    expect(overview.freshness.slurm_problem).toBeNull()
  })

  test('the queue has squeue’s jobs with its reasons, in plain words', async () => {
    // A look is up to some seconds old, and Slurm may change its mind: the same words on both sides within a while.
    const shown = async () => {
      const { jobs } = await view<QueueJson>('queue')
      return jobs.map(({ id, reason, user, priority }) => [id, reason, user, String(priority)].join('|')).sort()
    }
    const said = async () => (await on.slurm('squeue', '-h', '-t', 'PD', '-o', '%i|%r|%u|%Q')).split('\n').sort()
    await until(
      'the queue says what squeue says',
      async () => isDeepStrictEqual(await shown(), await said()),
      60_000,
      500,
    )
    const queue = await view<QueueJson>('queue')
    const of = (id: number) => queue.jobs.find((job) => job.id.split('_')[0] === String(id))
    expect(of(ids.held)).toMatchObject({
      kind: 'held',
      why: 'Its user holds it.',
      remedy: expect.stringContaining(`release ${ids.held}`),
    })
    expect(of(ids.dependent)).toMatchObject({
      kind: 'dependency',
      why: expect.stringContaining(`afterok:${ids.running}`),
    })
    expect(of(ids.array)).toMatchObject({ tasks: 20 })
    expect(of(ids.large)).toMatchObject({ gpus: 4, nodes: 2, kind: 'resources' })
    const held = await view<QueueJson>('queue?reason=held')
    expect(held.jobs.map(({ kind }) => kind)).toEqual(['held', 'held'])
    expect((await view<QueueJson>('queue?user=nobody')).total).toBe(0)
  })

  test('Slurm’s own page says what sdiag, ping and sinfo say', async () => {
    const slurm = await view<SlurmViewJson>('slurm')
    expect(slurm).toMatchObject({ up: true, mood: 'good', version: root?.slurmVersion })
    expect(await on.slurm('scontrol', 'ping')).toMatch(/\(primary\) at \S+ is UP/)
    expect(slurm.controllers).toMatchObject([{ role: 'primary', state: 'up' }])
    const sdiag = await on.slurm('sdiag')
    expect(slurm.diag?.jobs.submitted).toBe(Number(/Jobs submitted:\s*(\d+)/.exec(sdiag)?.[1]))
    expect(slurm.diag?.jobs.started).toBe(Number(/Jobs started:\s*(\d+)/.exec(sdiag)?.[1]))
    expect(slurm.diag?.rpc_by_type.map(({ name }) => name)).toContain('REQUEST_NODE_INFO')
    expect(slurm.partitions).toMatchObject([{ state: 'UP', nodes: 2, gpus: 4, gpus_used: 1, running: 1, pending: 23 }])
    expect(slurm.costs.map(({ command }) => command)).toContain('squeue')
  })

  test('a person’s act is in the stream within seconds, and in nobody else’s name', async () => {
    const { revision } = await view<FleetJson>('fleet')
    const ended = new AbortController()
    const stream = await fetch(`${on.plane.url}/api/v1/fleet/live?after=${revision}`, { signal: ended.signal })
    let text = ''
    const reading = (async () => {
      for await (const chunk of stream.body ?? []) text += Buffer.from(chunk).toString()
    })().catch(() => {})
    await on.slurm('scontrol', 'update', 'nodename=n2', 'state=resume')
    const deltas = () =>
      [...text.matchAll(/event: fleet\ndata: (.*)\n\n/g)].map(([, data = '']) => JSON.parse(data) as FleetDeltaJson)
    await expect
      .poll(
        () =>
          deltas()
            .flatMap(({ changed }) => changed)
            .findLast(({ id }) => id === 'n2')?.state,
        poll,
      )
      .not.toBe('drained')
    expect(deltas().every((delta) => delta.revision > revision)).toBe(true)
    ended.abort()
    await reading
    await on.slurm('scontrol', 'update', 'nodename=n2', 'state=drain', 'reason=new fan')
  })

  test('a node’s story has its job, its lanes and its GPUs', async () => {
    const story = () => view<NodeStoryJson>('nodes/n1/story?hours=1')
    await expect.poll(async () => (await story()).jobs.map(({ id }) => id), poll).toContain(String(ids.running))
    const { sentences, lanes, gpus, mood, jobs } = await story()
    expect(mood).toBe('good')
    expect(sentences[0]).toMatch(/^n1 has 1 of 2 GPUs busy with 1 job of \w+, and is healthy\.$/)
    expect(lanes.map(({ lane }) => lane)).toEqual(expect.arrayContaining(['State', 'Health', 'GPU 0', 'GPU 1', 'Jobs']))
    expect(gpus).toHaveLength(2)
    expect(gpus.filter(({ job }) => job === String(ids.running))).toHaveLength(1)
    expect(jobs.find(({ id }) => id === String(ids.running))).toMatchObject({ state: 'running', end: null, gpus: 1 })
  })

  test('what happened, the timeline and the search are there', async () => {
    expect((await view<ActivityJson[]>('activity')).every(({ text }) => text !== '')).toBe(true)
    const { points } = await view<FleetHistoryJson>('history?hours=1')
    expect(points.at(-1)).toMatchObject({ gpus_busy: 1, jobs_running: 1, jobs_pending: 23 })
    const hits = await view<SearchHitJson[]>('search?q=n1')
    expect(hits[0]).toMatchObject({ kind: 'node', id: 'n1', link: '/nodes/n1' })
    const job = await view<SearchHitJson[]>(`search?q=${ids.running}`)
    expect(job.map(({ kind }) => kind)).toContain('job')
    const missing = await fetch(`${on.plane.url}/api/v1/pools/none/history`)
    expect(missing.status).toBe(404)
    expect((await missing.json()) as object).toMatchObject({
      error: { message: 'pool not found: none; pools here: none' },
    })
  })

  plainTest.skipIf(!root || noBrowser)('the web page shows it, and a fault by itself', async () => {
    const browser = await openBrowser()
    try {
      const { page, problems } = await openPage(browser)
      const at = (path: string) => page.goto(`${on.plane.url}${path}`)
      await at('/')
      await page.getByText('1 of 2 nodes is in service').waitFor()
      await at('/nodes?view=table')
      await page.getByRole('row', { name: /n2.*drained/ }).waitFor()
      await at('/queue')
      await page.getByRole('row', { name: new RegExp(`^${ids.dependent} `) }).waitFor()
      await at('/slurm')
      await page.getByText(`Slurm ${root?.slurmVersion}`).first().waitFor()
      await at(`/jobs/${ids.running}`)
      await page.getByText(`Job ${ids.running} runs on n1`).waitFor()
      await at('/nodes/n1')
      await page.getByText('n1 has 1 of 2 GPUs busy').waitFor()
      await at('/nodes/n2')
      await page.getByText('new fan').first().waitFor()
      // Without a reload.
      await on.on('n2', `echo 'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.' >> ${labKernelLog}`)
      await page.getByText('XID 79').first().waitFor()
      await page
        .getByText(/NVRM: Xid .*: 79, GPU has fallen off the bus/)
        .first()
        .waitFor()
      expect(problems).toEqual([])
    } finally {
      await browser.close()
    }
  })

  test('when slurmctld is gone, what only it could know is unknown, with the reason', {
    timeout: 240_000,
  }, async () => {
    await on.on(on.cluster.head.name, 'systemctl stop slurmctld')
    await expect
      .poll(async () => (await view<OverviewJson>('overview')).mood, { timeout: 150_000, interval: 2_000 })
      .not.toBe('good')
    await expect.poll(async () => (await node('n1'))?.state, { timeout: 150_000, interval: 2_000 }).toBe('unknown')
    const overview = await view<OverviewJson>('overview')
    expect(overview.freshness.slurm_problem).not.toBeNull()
    expect(overview.queue).toBeNull()
    expect(overview.sentence).toMatch(/What runs and what waits is not known/)
    expect(await view<SlurmViewJson>('slurm')).toMatchObject({ up: false })
  })
})

const [place = { name: 'this machine' }] = slurmPlaces()
const withoutSlurm = whyNot(place)

plainTest.skipIf(withoutSlurm)(
  `nodes are where the topology of Slurm has them${withoutSlurm === undefined ? '' : ` (skipped: ${withoutSlurm})`}`,
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'navarch-e2e-topology-'))
    const slurm = await startRealSlurm(place, {
      conf: ['TopologyPlugin=topology/tree'],
      prepare: (conf) =>
        writeFile(join(dirname(conf), 'topology.conf'), 'SwitchName=s0 Nodes=n1\nSwitchName=s1 Nodes=n2\n'),
    })
    try {
      const config = join(dir, 'navarch-config.yaml')
      const bin = slurm.programs(['squeue', 'scontrol', 'sdiag', 'sacctmgr', 'sacct'])
      await writeFile(config, `server: {jobs_address: none, slurm_metrics_address: none}\nslurm: {bin: ${bin}}\n`)
      const port = await freePort()
      const plane = await startControlPlane({ config, dataDir: join(dir, 'data'), port, output: join(dir, 'log') })
      try {
        const switches = async () => {
          const fleet = (await (await fetch(`${plane.url}/api/v1/fleet`)).json()) as FleetJson
          return fleet.nodes.flatMap((node) => (node.switch === '' ? [] : [`${node.id} ${node.switch}`]))
        }
        await expect.poll(switches, { timeout: 30_000, interval: 500 }).toEqual(['n1 s0', 'n2 s1'])
      } finally {
        await plane.kill()
      }
    } finally {
      await slurm.stop()
      await rm(dir, { recursive: true })
    }
  },
)
