import { describe, expect, test } from 'vitest'
import { planDemo } from './demo-config.ts'
import { introduction } from './introduction.ts'

const facts = {
  url: 'http://127.0.0.1:50051',
  plan: planDemo(32, 1),
  options: { nodes: 32, history: true },
  logPath: '/tmp/demo.log',
}

describe('the introduction', () => {
  test('names every port that the demo has opened', () => {
    const lines = introduction({
      ...facts,
      jobsUrl: 'http://127.0.0.1:8080',
      slurmMetricsUrl: 'http://127.0.0.1:9341',
    })
    expect(lines.slice(0, 7)).toEqual([
      'Navarch demo: 32 nodes with 8 simulated GPUs each, in pools train (24 to 33), dev (6 to 9) and lab (2 to 4), under a simulated Slurm.',
      '',
      '  dashboard      http://localhost:50051/',
      '  address        http://localhost:50051',
      '  job API alone  http://localhost:8080',
      '  Slurm exporter http://localhost:9341/metrics',
      '  logs           /tmp/demo.log',
    ])
  })

  test('says nothing of ports that others have taken', () => {
    expect(introduction(facts).join('\n')).not.toMatch(/job API|exporter/)
  })

  test('gives commands that reach it on any port', () => {
    expect(introduction(facts)).toContain('  npx navarch list                    the fleet')
    const elsewhere = introduction({ ...facts, url: 'http://127.0.0.1:50052' })
    expect(elsewhere).toContain('  npx navarch -s http://localhost:50052 list                    the fleet')
  })
})
