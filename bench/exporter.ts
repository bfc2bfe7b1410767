/**
 * What the exporter of Slurm's figures asks of slurmctld at one and at ten scrapers, and how quickly it answers; beside the
 * ten commands that an exporter which looks at each scrape runs, in the same run. Windows with one and with ten scrapers
 * alternate, and each begins and ends at the same moment of the exporter's interval, so that it has whole looks alone. What
 * slurmctld does by itself is more than what is measured, and not always the same: it is measured in turn with them.
 *
 *   npm run bench:exporter [-- --seconds 120 --windows 2 --nodes 5000 --records 10000]     (as root, with Debian's slurmctld and munge)
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
import { type BigSlurm, processorSeconds, startBigSlurm } from './big-slurm.ts'
import { quantile, report } from './report.ts'

const { values } = parseArgs({
  options: {
    /** Of a window, at least. */
    seconds: { type: 'string', default: '120' },
    /** With one scraper, and as many with ten. */
    windows: { type: 'string', default: '2' },
    nodes: { type: 'string', default: '5000' },
    records: { type: 'string', default: '10000' },
    /** For those ten commands. */
    rounds: { type: 'string', default: '5' },
  },
})
const windowMs = Number(values.seconds) * 1000
const intervalMs = 15_000
const settleMs = 20_000
/** Between two questions whether a look is over. */
const stepMs = 500
/** Times that a command is run to learn what it costs. */
const repeats = 20
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

/** What slurmctld did in a time. */
interface Window {
  minutes: number
  /** Of slurmctld, per minute. */
  cpuSeconds: number
  rpcs: number
  /** Time of slurmctld's threads for them, per minute. */
  rpcSeconds: number
  scrapesMs: number[]
  looks: number
}

/** A command of a look, as the exporter runs it. */
interface Command {
  name: string
  run(): Promise<unknown>
}

const slurm = await startBigSlurm(Number(values.nodes), Number(values.records))
try {
  // Submitting and starting leave work behind.
  await systemClock.sleep(settleMs)
  const exporter = await startExporter(slurm)
  try {
    const windows: { idle: Window[]; one: Window[]; ten: Window[] } = { idle: [], one: [], ten: [] }
    const cpuBefore = await exporter.cpuSeconds()
    for (let round = 0; round < Number(values.windows); round++) {
      windows.idle.push(await measureIdle(slurm, exporter))
      windows.one.push(await measureWindow(slurm, exporter.url, 1))
      windows.ten.push(await measureWindow(slurm, exporter.url, 10))
    }
    const [idle, one, ten] = [together(windows.idle), together(windows.one), together(windows.ten)]
    const exporterCpu = ((await exporter.cpuSeconds()) - cpuBefore) / (one.looks + ten.looks)
    const memoryMb = await exporter.memoryMb('VmRSS')
    // Many more than Prometheus would send, to know the slow ones too.
    const dense = await scrape(exporter.url, 10, 200)
    const page = await fetchPage(exporter.url)
    const peakMb = await exporter.memoryMb('VmHWM')
    const other = await measureCommands(slurm, Number(values.rounds), idle.cpuSeconds)
    const { look: lookSeconds, commands } = await measureLooks(slurm, idle.cpuSeconds)
    const own = (window: Window) => window.cpuSeconds - idle.cpuSeconds
    report(
      'exporter',
      [
        { name: `slurmctld CPU per look, mean of ${repeats}`, value: lookSeconds * 1000, unit: 'ms' },
        ...commands.map(({ name, seconds }) => ({ name: `  ${name} alone`, value: seconds * 1000, unit: 'ms' })),
        { name: 'slurmctld CPU per minute at four looks', value: lookSeconds * 4, unit: 's', goal: 0.2 },
        { name: 'slurmctld CPU per minute, 1 scraper', value: own(one), unit: 's', goal: 0.2 },
        { name: 'slurmctld CPU per minute, 10 scrapers', value: own(ten), unit: 's', goal: 0.2 },
        { name: 'looks per minute, 1 scraper', value: one.looks / one.minutes, unit: '' },
        { name: 'looks per minute, 10 scrapers', value: ten.looks / ten.minutes, unit: '' },
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
        { name: 'memory of the exporter, at most (50 scrapes a second too)', value: peakMb, unit: 'MB' },
        { name: "exporter's own CPU per look, with its scrapes", value: exporterCpu * 1000, unit: 'ms' },
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
        cpu_seconds_per_minute_by_window: {
          idle: windows.idle.map(({ cpuSeconds }) => cpuSeconds),
          one: windows.one.map(own),
          ten: windows.ten.map(own),
        },
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

/** What slurmctld does by itself: the exporter stands still. */
async function measureIdle(
  slurm: BigSlurm,
  exporter: { stop(): Promise<void>; goOn(): Promise<void> },
): Promise<Window> {
  await exporter.stop()
  const window = await measure(slurm, async () => {
    await systemClock.sleep(windowMs)
    return { scrapesMs: [], looks: 0 }
  })
  await exporter.goOn()
  return window
}

/** A window that begins and ends just after a look. */
async function measureWindow(slurm: BigSlurm, url: string, scrapers: number): Promise<Window> {
  const before = await afterLook(url)
  return await measure(slurm, async () => {
    const scrapesMs = await scrape(url, scrapers, intervalMs)
    return { scrapesMs, looks: (await afterLook(url)) - before }
  })
}

/** Waits until the next look is over. @returns how many there were */
async function afterLook(url: string): Promise<number> {
  const looks = async () => (await fetchPage(url)).value('slurm_exporter_looks_total{result="ok"}')
  const age = (await fetchPage(url)).value('slurm_exporter_snapshot_age_seconds') * 1000
  const before = await looks()
  await systemClock.sleep(Math.max(0, intervalMs - age))
  while ((await looks()) === before) await systemClock.sleep(stepMs)
  return await looks()
}

/** Several windows as one. */
function together(windows: readonly Window[]): Window {
  const minutes = windows.reduce((sum, window) => sum + window.minutes, 0)
  const perMinute = (read: (window: Window) => number) =>
    windows.reduce((sum, window) => sum + read(window) * window.minutes, 0) / minutes
  return {
    minutes,
    cpuSeconds: perMinute((window) => window.cpuSeconds),
    rpcs: perMinute((window) => window.rpcs),
    rpcSeconds: perMinute((window) => window.rpcSeconds),
    scrapesMs: windows.flatMap((window) => window.scrapesMs),
    looks: windows.reduce((sum, window) => sum + window.looks, 0),
  }
}

async function measure(slurm: BigSlurm, work: () => Promise<Pick<Window, 'scrapesMs' | 'looks'>>): Promise<Window> {
  const before = { cpu: await slurm.cpuSeconds(), rpcs: await countRpcs(slurm), at: performance.now() }
  const { scrapesMs, looks } = await work()
  const minutes = (performance.now() - before.at) / 60_000
  const after = await countRpcs(slurm)
  return {
    minutes,
    looks,
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
async function fetchPage(url: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${url}/metrics`, { agent, headers: { 'accept-encoding': 'gzip' } }, resolve).on('error', reject)
  })
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const packed = Buffer.concat(chunks)
  return {
    sent: packed.length,
    get bytes(): number {
      return unpacked(packed).length
    },
    get figures(): number {
      return (
        unpacked(packed)
          .toString()
          .match(/^[^#\n].*$/gm)?.length ?? 0
      )
    },
    /** Of a series. */
    value(series: string): number {
      const line = unpacked(packed)
        .toString()
        .split('\n')
        .find((text) => text.startsWith(`${series} `))
      if (line === undefined) throw new Error(`the page has no ${series}`)
      return Number(line.slice(series.length))
    },
  }
}

function unpacked(packed: Buffer): Buffer {
  return gunzipSync(packed)
}

async function startExporter(slurm: BigSlurm) {
  // As the executable has it: scripts/build-executables.ts.
  const flags = ['--max-semi-space-size=1']
  const env = { ...process.env, MALLOC_ARENA_MAX: '2' }
  const args = [...flags, launcher, 'exporter', 'slurm', '--listen-address=127.0.0.1:0', '--conf', slurm.conf]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
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
    /** Now (VmRSS), or at most since its start (VmHWM). */
    async memoryMb(which: 'VmRSS' | 'VmHWM') {
      const pid = await innermost(child.pid ?? 0)
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      return Number(new RegExp(`^${which}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
    },
    cpuSeconds: async () => processorSeconds(await innermost(child.pid ?? 0)),
    async stop() {
      process.kill(await innermost(child.pid ?? 0), 'SIGSTOP')
    },
    async goOn() {
      process.kill(await innermost(child.pid ?? 0), 'SIGCONT')
      // What is due is done first.
      await systemClock.sleep(settleMs)
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

/**
 * What one look takes of slurmctld, and what each of its commands would alone, less what slurmctld does by itself
 * meanwhile: more exact than the few looks of a window.
 */
async function measureLooks(slurm: BigSlurm, idlePerMinute: number) {
  const found: Command[] = []
  const run: typeof runCommand = (program, args, options) => {
    const { signal: _, ...rest } = options
    const name = [program, ...args.slice(0, 6)].join(' ').slice(0, 40)
    found.push({ name, run: () => runCommand(program, args, rest) })
    return runCommand(program, args, options)
  }
  const client = createSlurmClient({ run, clock: systemClock, conf: slurm.conf, excludedNodes: false })
  await client.snapshot()
  found.length = 0
  await client.snapshot()
  const ofOneLook = [...found]
  const cost = async (work: () => Promise<unknown>) => {
    const before = await slurm.cpuSeconds()
    const started = performance.now()
    for (let time = 0; time < repeats; time++) await work()
    const idle = (idlePerMinute * (performance.now() - started)) / 60_000
    return ((await slurm.cpuSeconds()) - before - idle) / repeats
  }
  const look = await cost(() => client.snapshot())
  const commands: { name: string; seconds: number }[] = []
  for (const { name, run } of ofOneLook) commands.push({ name, seconds: await cost(run) })
  return { look, commands }
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
