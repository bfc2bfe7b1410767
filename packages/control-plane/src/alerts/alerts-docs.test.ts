import { readFileSync } from 'node:fs'
import { parseConfig } from '@navarch/config/parse-config'
import { formatProblem } from '@navarch/config/problem'
import { metricDefinition, metricNames } from '@navarch/core/alert/alert-metrics'
import { conditionText } from '@navarch/core/alert/alert-words'
import { defaultRules } from '@navarch/core/alert/default-rules'
import { describe, expect, it } from 'vitest'
import { newRule, newSilence, ruleBody, silenceBody } from '../server/rest/alert-schemas.ts'
import { createSender } from './receivers/create-sender.ts'
import { testAlert } from './test-message.ts'

const page = readFileSync(new URL('../../../../docs/alerts.md', import.meta.url), 'utf8')
const cell = (text: string) => text.replaceAll('|', '\\|')
const examples = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)

describe('docs/alerts.md', () => {
  it('has every metric with its unit, meaning and source', () => {
    for (const name of metricNames) {
      const { unit, per, description, source } = metricDefinition(name)
      expect(page).toContain(`| \`${name}\` | ${unit} | ${per} | ${cell(description)} | ${cell(source)} |`)
    }
  })

  it('has every built-in rule as it is', () => {
    expect(page).toContain(`${defaultRules.length} rules hold`)
    for (const rule of defaultRules) {
      const when = `\`${rule.metric}\` ${conditionText(rule)}`
      expect(page).toContain(`| \`${rule.name}\` | ${rule.severity} | ${when} | ${cell(rule.meaning)} |`)
    }
  })

  it('has configurations that load, without a warning', () => {
    const configurations = examples('yaml')
    expect(configurations).toHaveLength(4)
    for (const text of configurations) {
      expect(text).toMatch(/^alerts:$/m)
      const parsed = parseConfig(text, { file: 'docs/alerts.md' })
      const problems = parsed.errors ?? parsed.warnings.filter(({ key }) => key !== 'pools')
      expect(problems.map(formatProblem), text).toEqual([])
    }
  })

  it('has a silence that the API takes', () => {
    const text = examples('json').find((each) => each.includes('"matchers"')) ?? ''
    expect(newSilence(silenceBody.parse(JSON.parse(text)), 0)).toMatchObject({ endsAt: 4 * 3_600_000 })
  })

  it("has the configuration's own rule as the API takes it", () => {
    const text = examples('json').find((each) => each.includes('"metric"')) ?? ''
    const made = newRule(ruleBody.parse(JSON.parse(text)))
    const configurations = examples('yaml').map((each) => parseConfig(each, { file: 'docs/alerts.md' }))
    const rules = configurations.flatMap((each) => each.config?.alerts.rules ?? [])
    const {
      id: _id,
      source: _source,
      resolveAfterMs: _time,
      ...configured
    } = rules.find(({ name }) => name === made.name) ?? {}
    expect(made).toEqual({ ...configured, resolveAfterMs: 300_000 })
  })

  it('has the fields of a message to a webhook, no more and no less', async () => {
    const { message } = testAlert('m1', 'ana', 0)
    const alert = { id: '', rule: '', severity: 'info' as const, labels: {}, summary: '', meaning: '', action: '' }
    const times = { runbookUrl: '', operation: '', startedAt: 0, firedAt: 0, resolvedAt: null }
    let body = ''
    const send = createSender(
      { type: 'webhook', name: 'hook', timeoutMs: 1, headers: {}, url: { kind: 'text', text: 'http://hook' } },
      {
        fetch: async (_, init) => {
          body = String(init?.body)
          return new Response('ok')
        },
        secret: async () => 'http://hook',
        now: () => 0,
      },
    )
    await send?.({ ...message, alerts: [{ ...alert, ...times }] }, new AbortController().signal)
    const text = examples('json').find((each) => each.includes('"more_alerts"')) ?? ''
    const [shown, sent] = [JSON.parse(text), JSON.parse(body)]
    expect(Object.keys(shown).sort()).toEqual(Object.keys(sent).sort())
    expect(Object.keys(shown.alerts[0]).sort()).toEqual(Object.keys(sent.alerts[0]).sort())
  })
})
