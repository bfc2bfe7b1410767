/**
 * What the exporter of Slurm's figures asks of slurmctld at one and at ten scrapers, and how quickly it answers; beside the
 * ten commands that an exporter which looks at each scrape runs, in the same run.
 *
 *   npm run bench:exporter [-- --seconds 60 --nodes 5000 --records 10000]     (as root, with Debian's slurmctld and munge)
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { createSlurmClient } from '@navarch/slurm/client'
import { parseDiag } from '@navarch/slurm/diag-record'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { type BigSlurm, startBigSlurm } from './big-slurm.ts'
import { quantile, report } from './report.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '5000' },
    records: { type: 'string', default: '10000' },
    /** For those ten commands. */
    rounds: { type: 'string', default: '5' },
  },
})
const windowMs = Number(values.seconds) * 1000
const intervalMs = 15_000
const settleMs = 20_000
const agent = new Agent({ keepAlive: true })
const launcher = fileURLToPath(new URL('../packages/cli/bin/navarch.js', import.meta.url))

/** What vpenso/prometheus-slurm-exporter 0.20 runs for each scrape. */
const perScrape: readonly (readonly string[])[] = [
  ['squeue', '-a', '-r', '-h', '-o', '%A|%a|%T|%C|%b'],
  ['squeue', '-a', '-r', '-h', '-o', '%A|%u|%T|%C'],
  ['squeue', '-a', '-r', '-h', '-o', '%A,%T,%r', '--states=all'],
  ['squeue', '-a', '-r', '-h', '-o', '%P', '--states=PENDING'],
  ['sinfo', '-h', '-o', '%C'],
  ['sinfo', '-h', '-o', '%D,%T'],
  ['sinfo', '-h', '-N', '-O', 'NodeList,AllocMem,Memory,CPUsState,StateLong'],
  ['sinfo', '-h', '-o', '%R,%C'],
  ['sdiag'],
  ['sshare', '-n', '-P', '-o', 'account,fairshare'],
]

interface Window {
  /** Of slurmctld, per minute. */
  cpuSeconds: number
  rpcs: number
  /** Time of slurmctld's threads for them, per minute. */
  rpcSeconds: number
  scrapesMs: number[]
}

const slurm = await startBigSlurm(Number(values.nodes), Number(values.records))
try {
  // Submitting and starting leave work behind.
  await systemClock.sleep(settleMs)
  const idle = await measure(slurm, async () => {
    await systemClock.sleep(windowMs)
    return []
  })
  const exporter = await startExporter(slurm)
  try {
    const one = await measure(slurm, () => scrape(exporter.url, 1, intervalMs))
    const ten = await measure(slurm, () => scrape(exporter.url, 10, intervalMs))
    // Many more than Prometheus would send, to know the slow ones too.
    const dense = await scrape(exporter.url, 10, 200)
    const page = await fetchPage(exporter.url)
    const memoryMb = await exporter.memoryMb()
    const other = await measureCommands(slurm, Number(values.rounds), idle.cpuSeconds)
    const lookSeconds = await measureLooks(slurm, idle.cpuSeconds)
    const own = (window: Window) => Math.max(0, window.cpuSeconds - idle.cpuSeconds)
    report(
      'exporter',
      [
        { name: 'slurmctld CPU per look, mean of 20', value: lookSeconds * 1000, unit: 'ms' },
        { name: 'slurmctld CPU per minute at four looks', value: lookSeconds * 4, unit: 's', goal: 0.2 },
        { name: 'slurmctld CPU per minute, 1 scraper', value: own(one), unit: 's', goal: 0.2 },
        { name: 'slurmctld CPU per minute, 10 scrapers', value: own(ten), unit: 's', goal: 0.2 },
        { name: 'RPCs per minute, 1 scraper', value: one.rpcs, unit: '' },
        { name: 'RPCs per minute, 10 scrapers', value: ten.rpcs, unit: '' },
        { name: 'time of RPCs per minute, 1 scraper', value: one.rpcSeconds, unit: 's' },
        { name: 'time of RPCs per minute, 10 scrapers', value: ten.rpcSeconds, unit: 's' },
        {
          name: 'scrape, median (1 and 10 scrapers)',
          value: quantile([...one.scrapesMs, ...ten.scrapesMs], 0.5),
          unit: 'ms',
        },
        {
          name: 'scrape, worst (1 and 10 scrapers)',
          value: Math.max(...one.scrapesMs, ...ten.scrapesMs),
          unit: 'ms',
        },
        { name: 'scrape, median of 50 a second', value: quantile(dense, 0.5), unit: 'ms' },
        { name: 'scrape, p99 of 50 a second', value: quantile(dense, 0.99), unit: 'ms', goal: 50 },
        { name: 'page', value: page.bytes / 1e6, unit: 'MB' },
        { name: 'page as sent', value: page.sent / 1e6, unit: 'MB' },
        { name: 'memory of the exporter', value: memoryMb, unit: 'MB' },
        { name: 'ten commands per scrape: time', value: other.tookMs, unit: 'ms' },
        { name: 'ten commands per scrape: slurmctld CPU', value: other.cpuSeconds * 1000, unit: 'ms' },
        { name: 'ten commands, per minute at 1 scraper: CPU', value: other.cpuSeconds * 4, unit: 's' },
        { name: 'ten commands, per minute at 10 scrapers: CPU', value: other.cpuSeconds * 40, unit: 's' },
      ],
      {
        slurm: slurm.version,
        nodes: slurm.nodes,
        records: slurm.records,
        jobs: slurm.jobs,
        seconds: Number(values.seconds),
        idle_cpu_seconds_per_minute: idle.cpuSeconds,
        scrapes: { one: one.scrapesMs.length, ten: ten.scrapesMs.length, dense: dense.length },
        figures: page.figures,
      },
    )
  } finally {
    await exporter.end()
  }
} finally {
  agent.destroy()
  await slurm.end()
}

async function measure(slurm: BigSlurm, work: () => Promise<number[]>): Promise<Window> {
  const before = { cpu: await slurm.cpuSeconds(), rpcs: await countRpcs(slurm), at: performance.now() }
  const scrapesMs = await work()
  const minutes = (performance.now() - before.at) / 60_000
  const after = await countRpcs(slurm)
  return {
    cpuSeconds: ((await slurm.cpuSeconds()) - before.cpu) / minutes,
    // One of them is the count's own.
    rpcs: (after.count - before.rpcs.count - 1) / minutes,
    rpcSeconds: (after.seconds - before.rpcs.seconds) / minutes,
    scrapesMs,
  }
}

async function countRpcs(slurm: BigSlurm): Promise<{ count: number; seconds: number }> {
  const { rpcByType } = parseDiag(await slurm.run('sdiag'))
  return {
    count: rpcByType.reduce((sum, { count }) => sum + count, 0),
    seconds: rpcByType.reduce((sum, { totalMicroseconds }) => sum + totalMicroseconds / 1e6, 0),
  }
}

/** Scrapes for the time of a window; the scrapers are spread over the interval. @returns times, ms */
async function scrape(url: string, scrapers: number, everyMs: number): Promise<number[]> {
  const times: number[] = []
  const end = performance.now() + windowMs
  const one = async (index: number) => {
    await systemClock.sleep((everyMs * index) / scrapers)
    for (let next = performance.now(); next < end; next += everyMs) {
      await systemClock.sleep(Math.max(0, next - performance.now()))
      const started = performance.now()
      await fetchPage(url)
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: scrapers }, (_, index) => one(index)))
  // Windows are compared: all are of the same length.
  await systemClock.sleep(Math.max(0, end - performance.now()))
  return times
}

/** Fetches it as Prometheus does, compressed, to its last byte; unpacking is the scraper's own work and not counted. */
async function fetchPage(url: string): Promise<{ sent: number; bytes: number; figures: number }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${url}/metrics`, { agent, headers: { 'accept-encoding': 'gzip' } }, resolve).on('error', reject)
  })
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const packed = Buffer.concat(chunks)
  return {
    sent: packed.length,
    get bytes() {
      return unpacked(packed).length
    },
    get figures() {
      return (
        unpacked(packed)
          .toString()
          .match(/^[^#\n].*$/gm)?.length ?? 0
      )
    },
  }
}

function unpacked(packed: Buffer): Buffer {
  return gunzipSync(packed)
}

async function startExporter(slurm: BigSlurm) {
  const args = [launcher, 'exporter', 'slurm', '--listen-address=127.0.0.1:0', '--conf', slurm.conf]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk
    if (/slurm exporter started/.test(text)) break
  }
  child.stdout.resume()
  const url = `http://${/"address":"([^"]+)"/.exec(text)?.[1]}`
  // The first look is over when there are figures.
  for (;;) {
    if ((await fetchPage(url)).figures > 1000) break
    await systemClock.sleep(200)
  }
  return {
    url,
    async memoryMb() {
      const pid = await innermost(child.pid ?? 0)
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
    },
    async end() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The program itself, where a launcher runs it in a newer Node. */
async function innermost(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')
  for (const child of children.filter(Boolean)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')
    if (command.includes('exporter')) return Number(child)
  }
  return pid
}

/** What one look takes, less what slurmctld does by itself meanwhile: more exact than the few looks of a window. */
async function measureLooks(slurm: BigSlurm, idlePerMinute: number): Promise<number> {
  const looks = 20
  const client = createSlurmClient({ run: runCommand, clock: systemClock, conf: slurm.conf, excludedNodes: false })
  await client.snapshot()
  const before = await slurm.cpuSeconds()
  const started = performance.now()
  for (let look = 0; look < looks; look++) await client.snapshot()
  const idle = (idlePerMinute * (performance.now() - started)) / 60_000
  return ((await slurm.cpuSeconds()) - before - idle) / looks
}

/** What one scrape takes, less what slurmctld does by itself meanwhile. */
async function measureCommands(slurm: BigSlurm, rounds: number, idlePerMinute: number) {
  const before = await slurm.cpuSeconds()
  const started = performance.now()
  for (let round = 0; round < rounds; round++) {
    for (const [program = '', ...args] of perScrape) {
      await runCommand(program, args, { deadlineMs: 60_000, env: { SLURM_CONF: slurm.conf } })
    }
  }
  const tookMs = (performance.now() - started) / rounds
  const cpuSeconds = ((await slurm.cpuSeconds()) - before) / rounds - (idlePerMinute * tookMs) / 60_000
  return { tookMs, cpuSeconds }
}
