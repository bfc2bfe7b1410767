import { expect, it } from 'vitest'
import { metricsOfQuery, metricsOfTables } from './promql.ts'

it.each([
  ['up{job="a"} == 0', ['up']],
  ['sum by (x, y) (rate(a_total{b=~"c|d_e"}[5m])) / on (x) group_left (z) b:c > 1e6', ['a_total', 'b:c']],
  ['time() - a < 900 and on (n) (b offset 5m) or vector(0)', ['a', 'b']],
  ['histogram_quantile(0.99, sum by (le) (rate(s_bucket[5m])))', ['s_bucket']],
  ['max without (hpc_job) (DCGM_FI_DEV_FB_USED) == 1', ['DCGM_FI_DEV_FB_USED']],
])('%s asks for its metrics', (query, names) => {
  expect(metricsOfQuery(query)).toEqual(names)
})

it('the first cells of tables name metrics, or patterns of them', () => {
  const markdown = '| Name | x |\n|---|---|\n| `a_total`, `b{c}`, `n_<state>_x` | `no` |\n`no`\n| text | `no` |\n'
  const patterns = metricsOfTables(markdown)
  const has = (name: string) => patterns.some((pattern) => pattern.test(name))
  for (const name of ['a_total', 'a_total_bucket', 'b', 'n_idle_x']) expect([name, has(name)]).toEqual([name, true])
  for (const name of ['no', 'a', 'text', 'n_x', 'Name', 'xb']) expect([name, has(name)]).toEqual([name, false])
})
