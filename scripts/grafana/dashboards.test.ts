import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '@navarch/system/run-command'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { knownMetrics, metricsOfQuery } from '../promql.ts'
import { dashboardFiles, dashboards } from './dashboards.ts'

const queries = dashboards.flatMap(({ name, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap((panel) => panel.queries.map(({ expr }) => ({ at: `${name}: ${panel.title}`, expr }))),
  ),
)

const missing = await runCommand('promtool', ['--version'], { deadlineMs: 20_000 }).then(
  () => undefined,
  () => 'promtool is not installed',
)

describe('the dashboards', () => {
  it('use metrics that there are', async () => {
    const isKnown = await knownMetrics()
    const ofVariables = dashboards.flatMap(({ name, variables = [] }) =>
      variables.map(({ metric }) => ({ at: name, expr: metric })),
    )
    const unknown = [...queries, ...ofVariables].flatMap(({ at, expr }) =>
      metricsOfQuery(expr)
        .filter((name) => !isKnown(name))
        .map((name) => `${at}: ${name}`),
    )
    expect(unknown).toEqual([])
  })

  it.skipIf(missing)(`ask what Prometheus understands${missing ? ` (skipped: ${missing})` : ''}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'navarch-dashboards-'))
    const rules = queries.map(({ expr }, at) => ({ record: `q${at}`, expr: expr.replaceAll('$__rate_interval', '1m') }))
    await writeFile(join(folder, 'rules.yml'), stringify({ groups: [{ name: 'queries', rules }] }))
    const { code, stdout, stderr } = await runCommand('promtool', ['check', 'rules', join(folder, 'rules.yml')], {
      deadlineMs: 60_000,
    })
    await rm(folder, { recursive: true })
    expect({ code, output: code === 0 ? '' : `${stdout}${stderr}` }).toEqual({ code: 0, output: '' })
  })

  it('use no variable that they do not have', () => {
    for (const { name, variables = [], rows } of dashboards) {
      const has = ['__rate_interval', ...variables.map((variable) => variable.name)]
      const used = JSON.stringify([rows, variables]).matchAll(/\$(\w+)/g)
      expect([name, [...used].map(([, word = '']) => word).filter((word) => !has.includes(word))]).toEqual([name, []])
    }
  })

  it.each([...dashboardFiles()])(
    '%s has panels with ids of their own, none over another and none outside',
    (_path, text) => {
      const { panels, uid } = JSON.parse(text)
      expect(uid.length).toBeLessThanOrEqual(40)
      const ids = panels.map(({ id }: { id: number }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      const cells = new Set<string>()
      for (const { gridPos } of panels) {
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(cells).not.toContain(`${x} ${y}`)
            cells.add(`${x} ${y}`)
          }
        }
      }
    },
  )
})
