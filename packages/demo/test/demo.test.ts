import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WasteJson } from '@navarch/api/jobs'
import type { NodeJson, OperationJson } from '@navarch/api/rest'
import type {
  ActivityJson,
  FleetHistoryJson,
  FleetJson,
  NodeStoryJson,
  OverviewJson,
  PoolHistoryJson,
  QueueJson,
  SearchHitJson,
  SlurmViewJson,
} from '@navarch/api/views'
import { runCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const cli = fileURLToPath(new URL('../../cli/bin/navarch.js', import.meta.url))

describe('npm run demo', () => {
  let folder: string
  const children = new Set<ChildProcess>()
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-demo-test-'))
  })
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  function startDemo(...args: string[]) {
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk
    })
    const exited = once(child, 'exit').then(([code]) => {
      children.delete(child)
      return code
    })
    return { child, output, exited }
  }

  it('shows a whole replacement, answers the CLI, and leaves nothing behind', { timeout: 60_000 }, async () => {
    const { child, output, exited } = startDemo('--port', '0', '--nodes', '8', '--speed', '6')
    await expect.poll(() => output.stdout, { timeout: 15_000 }).toContain('Ctrl-C')
    const url = /address +(http:\S+)/.exec(output.stdout)?.[1] ?? ''
    const exporter = /Slurm exporter +(http:\S+)/.exec(output.stdout)?.[1] ?? ''
    await expect.poll(async () => await (await fetch(exporter)).text()).toContain('slurm_nodes_')
    const jobs = /job API alone +(http:\S+)/.exec(output.stdout)?.[1] ?? ''
    expect((await fetch(`${jobs}/healthz`)).status).toBe(200)
    const get = async <T>(path: string) => (await (await fetch(`${url}/api/v1/${path}`)).json()) as T

    const replaced = async () => {
      const operations = await get<OperationJson[]>('operations?all=true')
      // Those of the day before were made up.
      return operations.find(
        ({ id, kind, state }) => !/^demo-day/.test(id) && kind === 'replace' && state === 'succeeded',
      )
    }
    await expect.poll(replaced, { timeout: 40_000, interval: 500 }).toBeDefined()
    const { id = '', node = '' } = (await replaced()) ?? {}
    expect(id).toMatch(/^[0-9a-f]{12}$/)
    await expect.poll(() => output.stdout).toMatch(new RegExp(`${node} +returned`))
    for (const what of ['fault seen', 'drained', 'machine ended', 'new machine', 'verified']) {
      expect(output.stdout).toMatch(new RegExp(`${node} +${what}`))
    }
    expect((await get<NodeJson>(`nodes/${node}`)).gpu_count).toBe(8)
    // The pool that asks begins with nodes to which somebody said yes.
    expect(output.stdout).toMatch(/lab-001 +approved +provision by demo/)

    await expectLife(get, node)
    const waste = (await (await fetch(`${url}/v1/waste`)).json()) as WasteJson[]
    expect(waste).toMatchObject([{ name: 'jupyter', gpus_held: 2, gpus_idle: 2, nodes: ['dev-001'] }])
    const queued = await get<QueueJson>('queue')
    const tasks = queued.jobs.find(({ name }) => name === 'ablation')?.id ?? ''
    // What is printed as an id is one.
    for (const id of [tasks, tasks.replace(/[[\]]|%\d+/g, ''), '1001_1']) {
      const found = await fetch(`${url}/v1/jobs/${encodeURIComponent(id)}`)
      expect.soft([id, found.status]).toEqual([id, 200])
    }

    const listed = await runCommand(process.execPath, [cli, '-s', url, 'list', '-o', 'json'], { deadlineMs: 15_000 })
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    const nodes: NodeJson[] = JSON.parse(listed.stdout)
    expect(nodes.length).toBeGreaterThanOrEqual(8)
    expect(nodes.map((each) => each.pool)).toContain('dev')

    // A terminal signals the whole group, and npm hands it on: it comes twice.
    child.kill('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGINT')
    // The second one may come when all is done and nothing is left in the program to take it.
    expect([0, null]).toContain(await exited)
    expect(output.stderr).toBe('')
    expect(output.stdout).toMatch(/\nThe demo has ended; nothing is left\.\n$/)
    expect(await readdir(folder)).toEqual([])
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  it('says how to choose another port when its own is taken', async () => {
    await using blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const address = blocker.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { output, exited } = startDemo('--port', String(port))
    expect(await exited).toBe(1)
    expect(output.stderr).toContain(`127.0.0.1:${port}`)
    expect(output.stderr).toContain('--port')
    expect(await readdir(folder)).toEqual([])
  })

  it('refuses what it cannot do, and starts nothing', async () => {
    const wrong = startDemo('--nodes', '1')
    expect(await wrong.exited).toBe(2)
    expect(wrong.output.stderr).toMatch(/^demo: option .*from 2 to 500/)
    const used = startDemo('--data-dir', fileURLToPath(new URL('.', import.meta.url)))
    expect(await used.exited).toBe(1)
    expect(used.output.stderr).toContain('is not empty')
  })
})

/** Every page of the dashboard has something to show. */
async function expectLife(get: <T>(path: string) => Promise<T>, node: string): Promise<void> {
  const overview = await get<OverviewJson>('overview')
  expect(overview.sentence).not.toBe('')
  expect(overview.gpus.total).toBeGreaterThanOrEqual(64)
  const fleet = await get<FleetJson>('fleet')
  expect(fleet.nodes.map(({ id }) => id)).toContain(node)
  expect(new Set(fleet.nodes.map(({ rack }) => rack)).size).toBeGreaterThan(1)
  expect((await get<ActivityJson[]>('activity')).length).toBeGreaterThan(20)
  expect((await get<FleetHistoryJson>('history')).points.length).toBeGreaterThan(1000)
  expect((await get<PoolHistoryJson>('pools/train/history')).points.length).toBeGreaterThan(100)
  const story = await get<NodeStoryJson>(`nodes/${node}/story`)
  expect(story.findings[0]).toMatchObject({
    evidence: expect.stringMatching(/./),
    meaning: expect.stringMatching(/\.$/),
  })
  expect(story.findings.some(({ done }) => done.length > 4)).toBe(true)
  expect(story.lanes.length).toBeGreaterThan(8)
  for (const name of ['Service', 'Health']) {
    const spans = story.lanes.find(({ lane }) => lane === name)?.spans ?? []
    expect.soft(Date.parse(spans[0]?.from ?? '') - Date.parse(story.from)).toBeLessThan(60_000)
  }
  const kinds = new Set((await get<QueueJson>('queue')).jobs.map(({ kind }) => kind))
  for (const kind of ['held', 'limit', 'dependency', 'stuck', 'begin-time'] as const) expect(kinds).toContain(kind)
  expect(await get<SlurmViewJson>('slurm')).toMatchObject({ up: true, mood: 'good' })
  expect((await get<SearchHitJson[]>(`search?q=${node}`))[0]).toMatchObject({ kind: 'node', id: node })
}
