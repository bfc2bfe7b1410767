/**
 * From a line in the kernel's log to the open page: the real agent, the real control plane, headless Chromium.
 *
 *   node bench/fault-to-page.ts [--nodes 8]
 *
 * Each node has its fault once, while its page is open. Time runs from the moment at which the line is written to the frame that
 * shows "XID 79".
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '@navarch/system/clock'
import { openBrowser, openPage } from '../e2e/lab/browser.ts'
import { freePort } from '../e2e/lab/pool-on-slurm.ts'
import { root, startControlPlane } from '../e2e/lab/process.ts'
import { quantile, report } from './report.ts'

const goalMs = 1000
const { values } = parseArgs({ options: { nodes: { type: 'string', default: '8' } } })
const names = Array.from({ length: Number(values.nodes) }, (_, index) => `bench-${index}`)

const folder = await mkdtemp(join(tmpdir(), 'navarch-bench-page-'))
await mkdir(join(folder, 'bin'))
await symlink(join(root, 'packages/gpu/bin/fake-nvidia-smi'), join(folder, 'bin/nvidia-smi'))
const config = join(folder, 'navarch-config.yaml')
await writeFile(config, 'slurm: {driver: none}\nserver: {jobs_address: "127.0.0.1:0", slurm_metrics_address: none}\n')
const plane = await startControlPlane({
  config,
  dataDir: join(folder, 'data'),
  port: await freePort(),
  output: join(folder, 'control-plane.log'),
})
const agents: ChildProcess[] = []
const browser = await openBrowser()
try {
  for (const name of names) agents.push(await startAgent(name))
  const taken: number[] = []
  for (const name of names) {
    const { page, problems } = await openPage(browser)
    await page.goto(`${plane.url}/nodes/${name}`)
    await page.getByText('healthy').first().waitFor()
    const shown = page.waitForFunction(() => document.body.innerText.includes('XID 79'), undefined, { polling: 'raf' })
    const begin = performance.now()
    await appendFile(kernelLogOf(name), 'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\n')
    await shown
    taken.push(performance.now() - begin)
    if (problems.length > 0) throw new Error(`the page has a problem: ${problems[0]}`)
    await page.context().close()
  }
  report('fault-to-page', [
    { name: 'kernel log to page: median', value: quantile(taken, 0.5), unit: 'ms', goal: goalMs },
    { name: 'kernel log to page: longest', value: Math.max(...taken), unit: 'ms', goal: goalMs },
  ])
} finally {
  await browser.close()
  for (const agent of agents) agent.kill('SIGKILL')
  await plane.kill()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** What runs in the page is typed here alone: the bench itself knows no browser. */
declare const document: { body: { innerText: string } }

function kernelLogOf(name: string): string {
  return join(folder, `${name}.kernel.log`)
}

/** Starts the agent of a node and waits until the control plane has heard of it. */
async function startAgent(name: string): Promise<ChildProcess> {
  await writeFile(kernelLogOf(name), '')
  const child = spawn(
    process.execPath,
    [
      join(root, 'packages/agent/bin/navarch-node.js'),
      ...['--server', plane.url, '--node-id', name, '--kernel-log', kernelLogOf(name)],
      ...['--state-dir', join(folder, name), '--metrics-address', 'none'],
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, NAVARCH_FAKE_GPU_COUNT: '8' },
    },
  )
  const deadline = systemClock.now() + 30_000
  while (systemClock.now() < deadline) {
    const answer = await fetch(`${plane.url}/api/v1/nodes/${name}`).catch(() => undefined)
    if (answer?.ok) return child
    await systemClock.sleep(100)
  }
  child.kill('SIGKILL')
  throw new Error(`the agent of ${name} did not register within 30 s`)
}
