/**
 * Takes the pictures of the docs from the demo, in headless Chromium.
 *
 *   node scripts/screenshots.ts [--minutes 2]
 *
 * The demo runs that long first, so that there is something to see.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { JobListJson } from '@navarch/api/jobs'
import type { NodeJson, OperationJson } from '@navarch/api/rest'
import { systemClock } from '@navarch/system/clock'
import { openBrowser, openPage } from '../e2e/lab/browser.ts'
import { root } from './source-files.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '2' } } })
const folder = join(root, 'docs/images')
await mkdir(folder, { recursive: true })

const demo = spawn(process.execPath, [join(root, 'packages/demo/src/main.ts'), '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const browser = await openBrowser()
try {
  const url = await addressOfDemo()
  await systemClock.sleep(Number(values.minutes) * 60_000)
  const get = async <T>(path: string) => (await (await fetch(url + path)).json()) as T
  const nodes = await get<NodeJson[]>('/api/v1/nodes')
  const faulty = nodes.find(({ health_events: events }) => events.some(({ active }) => active)) ?? nodes[0]
  const { jobs } = await get<JobListJson>('/v1/jobs?limit=200')
  const job = jobs
    .filter(({ gpus, sample_count }) => gpus.length === 8 && sample_count > 3)
    .sort((a, b) => b.runtime_seconds - a.runtime_seconds)[0]
  const operations = await get<OperationJson[]>('/api/v1/operations?all=true')
  const replacement = operations.find(({ kind, state }) => kind === 'replace' && state === 'succeeded')

  await shoot(`${url}/`, 'overview', 'dark')
  await shoot(`${url}/`, 'overview-light', 'light')
  await shoot(`${url}/`, 'overview-phone', 'dark', 390)
  await shoot(`${url}/nodes?group=rack`, 'nodes', 'dark')
  await shoot(`${url}/nodes/${faulty?.id}`, 'node', 'dark')
  await shoot(`${url}/pools/train`, 'pool', 'light')
  await shoot(`${url}/jobs/${job?.run_id}`, 'job', 'dark')
  await shoot(`${url}/queue`, 'queue', 'light')
  await shoot(`${url}/operations/${replacement?.id}`, 'operation', 'dark')
  await shoot(`${url}/alerts`, 'alerts', 'dark')
  await shoot(`${url}/slurm`, 'slurm', 'light')
} finally {
  await browser.close()
  demo.kill('SIGTERM')
  await once(demo, 'exit')
}

async function shoot(address: string, name: string, theme: 'dark' | 'light', width = 1440): Promise<void> {
  const { page, problems } = await openPage(browser, { theme, width })
  await page.goto(address)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.locator('.skeleton').first().waitFor({ state: 'detached' })
  // Charts and the grid are drawn a frame later.
  await systemClock.sleep(1000)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  if (problems.length > 0) console.log(`${name}: ${problems.join('; ')}`)
  console.log(`${name}.png`)
  await page.context().close()
}

async function addressOfDemo(): Promise<string> {
  let output = ''
  for await (const chunk of demo.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk
    const address = /(http:\/\/\S+:\d+)/.exec(output)?.[1]
    if (address !== undefined && output.includes('Ctrl-C')) {
      demo.stdout.resume()
      return address
    }
  }
  throw new Error('the demo ended')
}
