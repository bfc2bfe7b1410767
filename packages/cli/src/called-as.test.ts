import { describe, expect, it } from 'vitest'
import { argumentsOf, helpOf } from './called-as.ts'

const name = '/usr/local/bin/prometheus-slurm-exporter'

describe('the arguments of prometheus-slurm-exporter', () => {
  it.each([
    ['--listen-address=:9341', ['--listen-address=:9341']],
    ['-listen-address=:9341 -gpus-acct', ['--listen-address=:9341']],
    ['-listen-address :9341', ['--listen-address=:9341']],
    ['-gpus-acct=true -log.level debug --log.format=logger:stderr -listen-address=:1', ['--listen-address=:1']],
    [
      '-listen-address=[::1]:1 -interval=30s -bin /opt/slurm/bin',
      ['--listen-address=[::1]:1', '--interval=30s', '--bin=/opt/slurm/bin'],
    ],
    ['', ['--listen-address=:8080']],
  ])('%j are those of the exporter', (line, expected) => {
    expect(argumentsOf(name, line.split(' ').filter(Boolean))).toEqual(['exporter', 'slurm', ...expected])
  })

  it('have a help of their own, with their own flags and port', () => {
    for (const word of ['-h', '--help', '-help']) {
      const text = helpOf(name, ['-gpus-acct', word])
      expect(text).toMatch(/^Usage: prometheus-slurm-exporter \[options\]$/m)
      expect(text).toMatch(/-listen-address .*default: :8080\)$/m)
    }
    expect(helpOf(name, ['-listen-address=:1'])).toBeUndefined()
    expect(helpOf('navarch', ['--help'])).toBeUndefined()
  })

  it('lead to the version', () => {
    for (const word of ['--version', '-version', '-V']) expect(argumentsOf(name, [word])).toEqual(['--version'])
  })

  it.each(['-web.config=x', 'list', '--', '-'])('are refused where it has none: %s', (word) => {
    expect(() => argumentsOf(name, [word])).toThrow(`unknown argument "${word}"`)
  })

  it('are as given under any other name', () => {
    for (const other of [undefined, 'navarch', '/usr/local/bin/navarch'])
      expect(argumentsOf(other, ['list', '-o', 'json'])).toEqual(['list', '-o', 'json'])
  })
})
