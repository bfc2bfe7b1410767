/**
 * A reporter of vitest that writes what a run came to as JSON to the file that NAVARCH_TEST_TALLY names: the counts, and
 * the reason of each skip, which vitest's own JSON lacks.
 */
import { writeFileSync } from 'node:fs'
import type { SerializedError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

/** What a run of vitest came to. */
export interface Tally {
  passed: number
  failed: number
  /** Names of the tests that were skipped, with the reason where one was given. */
  skipped: { name: string; reason: string | undefined }[]
}

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env['NAVARCH_TEST_TALLY']
    if (file !== undefined) writeFileSync(file, JSON.stringify(tallyOf(modules, unhandled.length)))
  }
}

/** Counts a run. A module, a suite or a hook that fails by itself counts as a failed test, as an error outside of any does. */
export function tallyOf(modules: readonly TestModule[], unhandledErrors: number): Tally {
  const tally: Tally = { passed: 0, failed: unhandledErrors, skipped: [] }
  for (const module of modules) {
    tally.failed += module.errors().length
    for (const suite of module.children.allSuites()) tally.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') tally.passed++
      else if (result.state === 'failed') tally.failed++
      else {
        const note = result.state === 'skipped' ? result.note : undefined
        tally.skipped.push({ name: test.fullName, reason: skipReason(test.fullName, note) })
      }
    }
  }
  return tally
}

/** The reason of a skip: the note that the test left, or the end of a title, `(skipped: …)` or `is not tested: …`. */
export function skipReason(fullName: string, note: string | undefined): string | undefined {
  return note ?? /\(skipped: (.*?)\)(?= > |$)/.exec(fullName)?.[1] ?? /is not tested: (.*)$/.exec(fullName)?.[1]
}
