/**
 * All static checks. Every one runs, also when another fails; exits 1 when any does.
 *
 *   node scripts/check.ts
 */
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { findBoundaryProblems, readRepository } from './check-boundaries.ts'
import { checkExports } from './check-exports.ts'
import { findHygieneProblems, readTexts } from './check-hygiene.ts'
import { checkLinks } from './check-links.ts'
import { generate } from './generate.ts'
import { root } from './source-files.ts'

/** What a check found: nothing, or a line for each problem. */
export interface CheckResult {
  name: string
  problems: string[]
  milliseconds: number
}

/** The longest that a check may take. */
const deadlineMs = 120_000

/** Lines of a failed check that are shown. */
const shown = 40

const checks: Readonly<Record<string, () => Promise<string[]>>> = {
  'format and lint': () =>
    tool('biome', 'ci', '--colors=off', '--reporter=concise', '--diagnostic-level=warn', '--max-diagnostics=none', '.'),
  types: () => tool('tsc', '--noEmit', '--pretty', 'false', '-p', '.'),
  'types of the dashboard': () => tool('tsc', '--noEmit', '--pretty', 'false', '-p', 'packages/dashboard'),
  'protobuf lint': () => tool('buf', 'lint'),
  'import boundaries': async () => findBoundaryProblems(await readRepository()),
  'generated files': async () => {
    const { changes, failures } = await generate('check')
    return [...changes, ...failures]
  },
  'repository hygiene': async () => findHygieneProblems(await readTexts()),
  'links of the documents': checkLinks,
  'unused exports': checkExports,
}

/** Runs all checks, one after the other, and tells each result as it is there. */
export async function runChecks(tell: (result: CheckResult) => void): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const [name, check] of Object.entries(checks)) {
    const start = systemClock.now()
    const problems = await check().catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
    const result = { name, problems, milliseconds: systemClock.now() - start }
    results.push(result)
    tell(result)
  }
  return results
}

/** Prints a result: one line when it is good, the problems below it when it is not. */
export function printCheck({ name, problems, milliseconds }: CheckResult): void {
  const seconds = `${(milliseconds / 1000).toFixed(1)} s`
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(24)}${seconds.padStart(7)}`)
  for (const problem of problems.slice(0, shown)) console.log(`      ${problem}`)
  if (problems.length > shown) console.log(`      and ${problems.length - shown} more`)
}

/** Runs one of node_modules' tools in the root. @returns what it prints when it fails, line by line */
async function tool(name: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCommand(`${root}node_modules/.bin/${name}`, args, { deadlineMs })
  if (code === 0) return []
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '')
  return lines.length > 0 ? lines : [`${name} ended with ${code}`]
}

if (import.meta.main) {
  process.chdir(root)
  const results = await runChecks(printCheck)
  const failed = results.filter(({ problems }) => problems.length > 0).length
  console.log(`\n${results.length - failed} checks passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
