/**
 * Every test there is, and one closing line.
 *
 *   node scripts/test.ts [--only check|unit|slurm|e2e]
 *
 * The tests on real Slurm need root, Debian and packages. They are installed when CI=true or NAVARCH_TEST_INSTALL=1;
 * otherwise those that are missing are named, and the tests that need them are skipped. Exits 1 when a test fails, when
 * a suite could not run, and when `--only` names a suite of which nothing ran.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLabContext } from '@navarch/lab/context'
import { missingPrerequisites } from '@navarch/lab/prerequisites'
import { ensureRoot, suites } from '@navarch/lab/roots'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { printCheck, runChecks } from './check.ts'
import { endLeftovers, runMark } from './leftovers.ts'
import { ensureSchemathesis } from './schemathesis.ts'
import { root } from './source-files.ts'
import { addTallies, closingLine, emptyTally, groupSkips } from './tally.ts'
import { findMissingPackages, installPackages, mayInstall } from './test-packages.ts'
import type { Tally } from './vitest-tally.ts'

/** Tests that start real daemons or hosts: one file at a time. */
const onRealHosts = [
  'packages/lab/test/',
  'packages/slurm/test/real-slurm',
  'packages/providers/test/lab-',
  'packages/providers/test/provider-contract',
]

/** What vitest is called with for each suite, and the longest that it may take. */
const runs = {
  unit: { args: ['--reporter=default', ...onRealHosts.map((path) => `--exclude=${path}**`)], deadlineMs: 12 * 60_000 },
  slurm: { args: ['--reporter=verbose', '--no-file-parallelism', ...onRealHosts], deadlineMs: 12 * 60_000 },
  e2e: { args: ['--reporter=verbose', '--config', 'vitest.e2e.config.ts'], deadlineMs: 26 * 60_000 },
} as const

type Run = keyof typeof runs

/** The suites of `--only`; without it, all. */
const selections: Readonly<Record<string, readonly ('check' | Run)[]>> = {
  check: ['check'],
  unit: ['unit'],
  slurm: ['slurm', 'e2e'],
  e2e: ['e2e'],
}

/** The whole run, machine set up included. */
const wholeDeadlineMs = 39 * 60_000

const runId = randomUUID()
const stop = new AbortController()

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const selected = values.only === undefined ? (['check', 'unit', 'slurm', 'e2e'] as const) : selections[values.only]
  if (!selected) {
    console.error(`--only ${values.only}: must be one of ${Object.keys(selections).join(', ')}`)
    return 2
  }
  process.chdir(root)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  const end = systemClock.now() + wholeDeadlineMs

  let total = emptyTally
  if (selected.includes('check')) total = addTallies(total, await checksTally())
  const colour = process.stdout.isTTY ? {} : { NO_COLOR: '1' }
  const env: NodeJS.ProcessEnv = { ...process.env, ...colour, [runMark]: runId }
  if (selected.includes('slurm') || selected.includes('e2e')) {
    headline('machine')
    await installMissing()
    const schemathesis = await ensureSchemathesis(mayInstall(process.env, process.getuid?.()))
    if ('path' in schemathesis) env['NAVARCH_SCHEMATHESIS'] ??= schemathesis.path
    else console.log(schemathesis.reason)
  }
  // Mostly the network's time: the unit tests, which need no hosts, run meanwhile.
  const roots = selected.includes('slurm') || selected.includes('e2e') ? buildRoots() : Promise.resolve('')
  roots.catch(() => {})
  for (const name of ['unit', 'slurm', 'e2e'] as const) {
    if (!selected.includes(name) || stop.signal.aborted) continue
    if (name !== 'unit') env['NAVARCH_TEST_SLURM_ROOTS'] ??= await roots
    headline(name)
    const deadlineMs = Math.min(runs[name].deadlineMs, end - systemClock.now())
    total = addTallies(total, await vitestTally(name, deadlineMs, env))
  }
  total = addTallies(total, await leftoversTally())

  const skips = groupSkips(total.skipped)
  if (skips.length > 0) headline('skipped')
  for (const { reason, count } of skips) console.log(`${String(count).padStart(4)}  ${reason}`)
  const nothingRan = values.only !== undefined && total.passed === 0
  if (nothingRan) console.log(`\nnothing of ${values.only} could run on this machine`)
  console.log(`\n${closingLine(total)}`)
  return total.failed > 0 || nothingRan || stop.signal.aborted ? 1 : 0
}

function headline(text: string): void {
  console.log(`\n== ${text}`)
}

async function checksTally(): Promise<Tally> {
  headline('check')
  const results = await runChecks(printCheck)
  const failed = results.filter(({ problems }) => problems.length > 0).length
  return { passed: results.length - failed, failed, skipped: [] }
}

/** Installs what is missing, where that is allowed. */
async function installMissing(): Promise<void> {
  const missing = await findMissingPackages()
  if (missing === undefined) console.log('no Debian: tests on real Slurm are skipped where a program is missing')
  else if (missing.length > 0 && mayInstall(process.env, process.getuid?.())) {
    console.log(`installing ${missing.join(' ')}`)
    for (const problem of await installPackages(missing)) console.log(`cannot install ${problem}`)
  } else if (missing.length > 0) {
    const how = 'or set NAVARCH_TEST_INSTALL=1, as root, and this installs them'
    console.log(`for all tests on real Slurm: apt-get install ${missing.join(' ')}\n(${how})`)
  }
}

/** Builds the hosts' root file systems. @returns their folders */
async function buildRoots(): Promise<string> {
  const { packages, problems } = await missingPrerequisites()
  if (packages.length + problems.length > 0) {
    console.log(`no lab hosts here: ${[...problems, ...packages.map((name) => `${name} is missing`)].join('; ')}`)
    return ''
  }
  const context = createLabContext({ run: runCommand, clock: systemClock })
  const folders: string[] = []
  for (const suite of suites) {
    if (stop.signal.aborted) break
    try {
      const { path, slurmVersion } = await ensureRoot(context, { suite })
      console.log(`${suite}: Slurm ${slurmVersion}`)
      // Debian 12's own Slurm is tested where it is installed.
      if (suite !== 'bookworm') folders.push(path)
    } catch (error) {
      console.log(`${suite}: none: ${error instanceof Error ? error.message : error}`)
    }
  }
  if (!stop.signal.aborted) {
    await ensureRoot(context, { suite: 'bookworm', kind: 'vm' }).then(
      () => console.log('virtual machines: bookworm'),
      (error: unknown) => console.log(`virtual machines: none: ${error instanceof Error ? error.message : error}`),
    )
  }
  return folders.join(':')
}

/** Runs vitest as a process of its own. That it could not run, or not to its end, counts as a failure. */
async function vitestTally(name: Run, deadlineMs: number, env: NodeJS.ProcessEnv): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-test-'))
  const file = join(folder, 'tally.json')
  try {
    const reporter = `--reporter=${join(root, 'scripts/vitest-tally.ts')}`
    const child = spawn(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', reporter, ...runs[name].args],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...env, NAVARCH_TEST_TALLY: file },
      },
    )
    const ended = await waitFor(child, deadlineMs)
    const tally = await readFile(file, 'utf8').then(
      (text): Tally => JSON.parse(text),
      () => undefined,
    )
    if (!tally) console.log(`${name} could not run: vitest ${ended}`)
    // A failure that is none of a test's, such as a run without any.
    const silent = ended !== 'ended with 0' && (tally === undefined || tally.failed === 0)
    return addTallies(tally ?? emptyTally, { passed: 0, failed: silent ? 1 : 0, skipped: [] })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @returns how it ended; it is asked to at the deadline and when the run is stopped, and killed 15 s later */
async function waitFor(child: ChildProcess, deadlineMs: number): Promise<string> {
  const askToEnd = () => {
    child.kill('SIGTERM')
    systemClock.after(15_000, () => child.kill('SIGKILL'))
  }
  let late = false
  const cancel = systemClock.after(Math.max(deadlineMs, 0), () => {
    late = true
    askToEnd()
  })
  stop.signal.addEventListener('abort', askToEnd)
  if (stop.signal.aborted) askToEnd()
  try {
    return await new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(`did not start: ${error.message}`))
      child.on('exit', (code, signal) =>
        resolve(late ? `took longer than ${Math.round(deadlineMs / 60_000)} minutes` : `ended with ${code ?? signal}`),
      )
    })
  } finally {
    cancel()
    stop.signal.removeEventListener('abort', askToEnd)
  }
}

async function leftoversTally(): Promise<Tally> {
  const left = await endLeftovers(runId, 5_000)
  for (const { pid, command } of left) console.log(`left behind, and killed now: ${pid} ${command}`)
  return { passed: 0, failed: left.length > 0 ? 1 : 0, skipped: [] }
}

process.exitCode = await main()
