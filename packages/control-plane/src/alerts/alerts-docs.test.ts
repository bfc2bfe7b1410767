import { readFileSync } from 'node:fs'
import { metricDefinition, metricNames } from '@navarch/core/alert/alert-metrics'
import { conditionText } from '@navarch/core/alert/alert-words'
import { defaultRules } from '@navarch/core/alert/default-rules'
import { expect, it } from 'vitest'

const page = readFileSync(new URL('../../../../docs/alerts.md', import.meta.url), 'utf8')
const cell = (text: string) => text.replaceAll('|', '\\|')

it('docs/alerts.md has every metric with its unit, meaning and source', () => {
  for (const name of metricNames) {
    const { unit, per, description, source } = metricDefinition(name)
    expect(page).toContain(`| \`${name}\` | ${unit} | ${per} | ${cell(description)} | ${cell(source)} |`)
  }
})

it('docs/alerts.md has every built-in rule as it is', () => {
  expect(page).toContain(`${defaultRules.length} rules hold`)
  for (const rule of defaultRules) {
    const when = `\`${rule.metric}\` ${conditionText(rule)}`
    expect(page).toContain(`| \`${rule.name}\` | ${rule.severity} | ${when} | ${cell(rule.meaning)} |`)
  }
})
