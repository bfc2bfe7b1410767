import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { durationRule, parseDuration } from '@navarch/core/duration'
import { systemClock } from '@navarch/system/clock'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { runDemo } from './run-demo.ts'

/** The control plane and the agents end within this; what is left then is given up, ms. */
const forceMs = 6_000

interface Options {
  nodes: number
  port: number
  dataDir?: string
  speed: number
  faults: boolean
  history: boolean
  duration?: number
}

const command = new Command('demo')
  .description('A fleet of simulated GPU nodes under a simulated Slurm, with faults, told as a story.')
  .configureOutput({ outputError: (text, write) => write(`demo: ${text.replace(/^error: /, '')}`) })
  .option('--nodes <count>', 'nodes at the start', parseCount, 32)
  .option('--port <port>', 'port of the control plane; 0 takes a free one', parsePort, 50051)
  .option('--data-dir <folder>', 'an empty folder for state and logs, kept at the end (default: a temporary one)')
  .option('--speed <factor>', 'how many times faster machines boot, jobs run and faults come', parseSpeed, 1)
  .option('--no-faults', 'let nothing break')
  .option('--no-history', 'begin without the made-up day before')
  .option('--duration <time>', 'end after this time, such as 5m', parseTime)
  .exitOverride()
  .action(start)

async function start(options: Options): Promise<void> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
  // `npm run demo | head`: nobody listens any more.
  process.stdout.on('error', () => stop.abort())
  if (options.duration !== undefined) systemClock.after(options.duration, () => stop.abort())
  const temporary = options.dataDir === undefined
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'navarch-demo-')))
  const remove = () => (temporary ? rm(dataDir, { recursive: true, force: true }) : Promise.resolve())
  stop.signal.addEventListener('abort', () => {
    systemClock.after(forceMs, () => void remove().finally(() => process.exit(1)))
  })
  try {
    if (!temporary) await claimFolder(dataDir)
    await runDemo(
      {
        ...options,
        dataDir,
        clock: systemClock,
        colour: process.stdout.isTTY === true && !process.env['NO_COLOR'],
        print: (line) => process.stdout.write(`${line}\n`),
      },
      stop.signal,
    )
  } finally {
    await remove()
  }
  // The terminal has put ^C before it.
  const kept = temporary ? 'nothing is left' : `state and logs are in ${dataDir}`
  process.stdout.write(`\nThe demo has ended; ${kept}.\n`)
}

/** The machines of an earlier demo ended with it: their nodes must not come back from a store. */
async function claimFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length === 0) return
  throw new Error(`--data-dir ${folder} is not empty; name a folder that is empty or does not exist yet`)
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 2 || count > 500) throw new InvalidArgumentError('use a number from 2 to 500')
  return count
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('use a number from 0 to 65535')
  return port
}

function parseSpeed(text: string): number {
  const speed = Number(text)
  if (!(speed >= 0.1 && speed <= 100)) throw new InvalidArgumentError('use a number from 0.1 to 100')
  return speed
}

function parseTime(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) throw new InvalidArgumentError(`use ${durationRule}`)
  return ms
}

/** The control plane names its own setting for the port; here it is another one. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (!('code' in error) || error.code !== 'address_in_use') return error.message
  return `${error.message.replace(/;.*/s, '')}; end it, or choose another port: npm run demo -- --port 50052`
}

try {
  await command.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    process.stderr.write(`demo: ${describe(error)}\n`)
    process.exitCode = 1
  }
}
