import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cliReference } from './reference.ts'

describe('the reference of the command line', () => {
  it('is the committed docs/cli.md; `node packages/cli/src/generate-reference.ts` writes it', () => {
    const committed = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
    expect(cliReference()).toBe(committed)
  })

  it('has each command with its options, and none that is hidden', () => {
    const reference = cliReference()
    for (const command of ['list', 'get', 'pool scale', 'operation get', 'events', 'bootstrap logs', 'config check']) {
      expect(reference).toContain(`### \`navarch ${command}\``)
    }
    expect(reference).toContain('| `--dry-run` |')
    expect(reference).not.toContain('__complete')
  })
})
