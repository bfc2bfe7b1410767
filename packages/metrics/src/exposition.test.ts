import { describe, expect, it } from 'vitest'
import { renderMetrics } from './exposition.ts'

describe('the metrics text', () => {
  it('prints help, type and samples', () => {
    const text = renderMetrics([
      { name: 'navarch_nodes', help: 'Nodes.', type: 'gauge', samples: [{ labels: { health: 'healthy' }, value: 3 }] },
    ])
    expect(text).toBe('# HELP navarch_nodes Nodes.\n# TYPE navarch_nodes gauge\nnavarch_nodes{health="healthy"} 3\n')
  })

  it('escapes what would end a label or a line', () => {
    const text = renderMetrics([
      { name: 'm', help: 'a\\b\nc', type: 'untyped', samples: [{ labels: { l: 'say "x"\\\n' }, value: Number.NaN }] },
    ])
    expect(text).toBe('# HELP m a\\\\b\\nc\n# TYPE m untyped\nm{l="say \\"x\\"\\\\\\n"} NaN\n')
  })
})
