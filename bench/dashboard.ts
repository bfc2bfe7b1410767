/**
 * The web page in headless Chromium: bytes of the first load, time until it answers, frame times while 10,000 nodes change, and
 * memory after as many changes as an hour brings.
 *
 *   node bench/dashboard.ts [--nodes 10000] [--seconds 30] [--hour-polls 240] [--chromium /usr/bin/chromium]
 *
 * An hour is 240 looks at Slurm, 15 s apart; the page gets them as fast as it draws them. The server is the bench's own, in
 * the API's form: it shares the machine's cores with the browser.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '@navarch/system/clock'
import { chromium, type Page } from 'playwright-core'
import { buildDashboard } from '../packages/dashboard/scripts/build.ts'
import { startFeed } from './dashboard-feed.ts'
import { quantile, report } from './report.ts'

/** What runs in the page is typed here alone: the bench itself knows no browser. */
declare function requestAnimationFrame(callback: (now: number) => void): number

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '30' },
    'hour-polls': { type: 'string', default: '240' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
})
const nodes = Number(values.nodes)
/** Time between two changes of all nodes while frames are counted, ms: more often than Slurm is looked at. */
const updateMs = 1000
const mib = 1024 ** 2

await buildDashboard({ ifStale: true })
const feed = await startFeed(fileURLToPath(new URL('../packages/dashboard/dist', import.meta.url)), nodes)
const browser = await chromium.launch({
  executablePath: values.chromium,
  args: ['--no-sandbox', '--js-flags=--expose-gc', '--enable-precise-memory-info'],
})
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))

  const begin = performance.now()
  await page.goto(`${feed.url}/`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  const interactive = performance.now() - begin
  // The browser tells it a frame later.
  const entry = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime)
  const paint = Number(await entry.jsonValue())
  const firstLoad = feed.bytesSent()

  await page.goto(`${feed.url}/nodes`)
  await page.locator('canvas').first().waitFor()
  const frames = await framesWhile(page, Number(values.seconds) * 1000)

  const before = await heapAfterGc(page)
  for (let poll = 0; poll < Number(values['hour-polls']); poll += 1) {
    feed.update()
    await nextFrames(page)
  }
  const after = await heapAfterGc(page)
  if (problems.length > 0) throw new Error(`the page threw: ${problems[0]}`)

  report(
    'dashboard',
    [
      { name: 'first load, compressed', value: firstLoad / 1024, unit: 'KiB', goal: 244 },
      { name: 'first contentful paint', value: paint, unit: 'ms', goal: 1000 },
      { name: 'overview answers', value: interactive, unit: 'ms' },
      {
        name: `frames while ${nodes} nodes change`,
        value: frames.length / Number(values.seconds),
        unit: 'per second',
        atLeast: 59,
      },
      { name: 'frame time: median', value: quantile(frames, 0.5), unit: 'ms' },
      { name: 'frame time: p99', value: quantile(frames, 0.99), unit: 'ms', goal: 20 },
      { name: 'frame time: longest', value: Math.max(...frames), unit: 'ms' },
      { name: 'heap before', value: before / mib, unit: 'MiB' },
      { name: 'heap after an hour of changes', value: after / mib, unit: 'MiB' },
      { name: 'heap: growth', value: (after - before) / mib, unit: 'MiB', goal: 10 },
    ],
    { nodes, updateMs },
  )
} finally {
  await browser.close()
  await feed.close()
}

/** Times between frames, ms, while all nodes change every `updateMs`. */
async function framesWhile(page: Page, ms: number): Promise<number[]> {
  const counting = page.evaluate(
    (duration) =>
      new Promise<number[]>((resolve) => {
        const times: number[] = []
        const start = performance.now()
        let last = start
        const frame = (now: number) => {
          times.push(now - last)
          last = now
          if (now - start < duration) requestAnimationFrame(frame)
          else resolve(times.slice(2))
        }
        requestAnimationFrame(frame)
      }),
    ms,
  )
  const end = systemClock.now() + ms
  while (systemClock.now() < end) {
    await systemClock.sleep(updateMs)
    feed.update()
  }
  return counting
}

/** Two frames later, what came is drawn. */
function nextFrames(page: Page): Promise<void> {
  return page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  )
}

async function heapAfterGc(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}
