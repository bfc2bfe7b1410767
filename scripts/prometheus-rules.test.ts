import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { xidEntry } from '@navarch/core/health/xid-catalog'
import { runCommand } from '@navarch/system/run-command'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { anchorsOf } from './check-links.ts'
import { knownMetrics, metricsOfQuery } from './promql.ts'
import { root } from './source-files.ts'

interface Rule {
  alert?: string
  record?: string
  expr: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

const folder = join(root, 'deploy/prometheus')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const rules: Rule[] = parse(read('navarch.rules.yml')).groups.flatMap((group: { rules: Rule[] }) => group.rules)
const alerts = rules.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]))
const named = (name: string) => alerts.find(({ alert }) => alert === name)

const promtool = (...args: string[]) => runCommand('promtool', args, { deadlineMs: 120_000 })
const missing = await promtool('--version').then(
  () => undefined,
  () => 'promtool is not installed',
)

describe.skipIf(missing)(`promtool${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('takes the rules and the example configuration', async () => {
    expect(await promtool('check', 'rules', join(folder, 'navarch.rules.yml'))).toMatchObject({ code: 0 })
    expect(await promtool('check', 'config', join(folder, 'prometheus.yml'))).toMatchObject({ code: 0 })
  })

  it('finds that every alert fires when it should, and no other time', async () => {
    const { code, stdout, stderr } = await promtool('test', 'rules', join(folder, 'navarch.rules.test.yml'))
    expect({ code, output: code === 0 ? '' : `${stdout}${stderr}` }).toEqual({ code: 0, output: '' })
  }, 120_000)
})

describe('the alerts', () => {
  it('each have a test with series that make it fire, and with series that do not', () => {
    const tests: { name: string; input_series: unknown[]; promql_expr_test: { exp_samples: unknown[] }[] }[] = parse(
      read('navarch.rules.test.yml'),
    ).tests
    expect(tests.map(({ name }) => name).toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted())
    for (const { name, input_series, promql_expr_test } of tests) {
      const firing = promql_expr_test.at(-1)?.exp_samples.length ?? 0
      expect([name, firing > 0, input_series.length > firing]).toEqual([name, true, true])
    }
  })

  it.each(alerts)('$alert says what, why and what to do', ({ alert, labels, annotations }) => {
    expect(['critical', 'warning', 'info']).toContain(labels?.['severity'])
    expect(annotations?.['summary']).toMatch(/\S/)
    expect(annotations?.['description']).toMatch(/\S/)
    const [page, anchor = ''] = (annotations?.['runbook_url'] ?? '').split('#')
    expect(page).toBe('https://github.com/NavarchProject/navarch/blob/main/docs/prometheus.md')
    expect(anchor).toBe(alert.toLowerCase())
    expect(anchorsOf(readFileSync(join(root, 'docs/prometheus.md'), 'utf8'))).toContain(anchor)
  })

  it('of XIDs have the codes of the table that drain a node', () => {
    const codes = Array.from({ length: 200 }, (_, code) => code)
    const drains = codes.filter((code) => xidEntry(code).class.startsWith('drain-'))
    const listed = (alert: string) =>
      /xid=~"([^"]*)"/
        .exec(named(alert)?.expr ?? '')?.[1]
        ?.split('|')
        .map(Number)
    expect(listed('GpuFatalXid')).toEqual(drains.filter((code) => xidEntry(code).fatal))
    expect(listed('GpuXid')).toEqual(drains.filter((code) => !xidEntry(code).fatal))
  })
})

it('the rules use metrics that there are', async () => {
  const isKnown = await knownMetrics()
  const recorded = rules.flatMap(({ record }) => record ?? [])
  const used = rules.flatMap(({ expr }) => metricsOfQuery(expr))
  expect(used.filter((name) => !isKnown(name) && !recorded.includes(name))).toEqual([])
})
