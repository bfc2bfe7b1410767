import { defaultRules } from '@navarch/core/alert/default-rules'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../parse-config.ts'
import { formatProblem } from '../problem.ts'

function parse(alerts: string) {
  const text = `alerts:\n${alerts
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`
  return parseConfig(text, { file: '/etc/navarch/navarch-config.yaml', home: '/srv/navarch' })
}

function alertsOf(text: string) {
  const parsed = parse(text)
  if (parsed.errors) throw new Error(parsed.errors.map(formatProblem).join('\n'))
  return parsed.config.alerts
}

function errorsOf(text: string): string[] {
  return (parse(text).errors ?? []).map(({ line, key, message }) => `${line} ${key}: ${message}`)
}

describe('alerts', () => {
  it('have the built-in rules, and tell nobody, where nothing is said', () => {
    const parsed = parseConfig('', { file: 'f' })
    expect(parsed.config?.alerts).toMatchObject({
      ...{ defaults: true, rules: [], receivers: [], routes: [], intervalMs: 15_000 },
    })
  })

  it('take a rule whole', () => {
    const [rule] = alertsOf(`rules:
  - name: TrainHot
    metric: gpu_temperature
    condition: gt
    threshold: 80.5
    for: 10m
    resolve_after: 1m
    node_filter: ^train-
    labels: {pool: train}
    severity: critical
    meaning: It is hot.
    action: Cool it.
    runbook_url: https://wiki/hot
    inhibited_by: [NodeSilent]`).rules
    expect(rule).toEqual({
      ...{ id: 'config-TrainHot', name: 'TrainHot', metric: 'gpu_temperature', condition: 'gt', threshold: 80.5 },
      ...{ forMs: 600_000, resolveAfterMs: 60_000, nodeFilter: '^train-', labels: { pool: 'train' } },
      ...{ severity: 'critical', meaning: 'It is hot.', action: 'Cool it.', runbookUrl: 'https://wiki/hot' },
      ...{ inhibitedBy: ['NodeSilent'], enabled: true, source: 'config' },
    })
  })

  it('change a built-in rule in what is said, and leave the rest of it', () => {
    const [rule] = alertsOf('rules: [{name: GpuHot, threshold: 90}]').rules
    const { id: _id, source: _source, ...builtIn } = defaultRules.find(({ name }) => name === 'GpuHot') ?? {}
    expect(rule).toMatchObject({ ...builtIn, threshold: 90, source: 'config' })
    expect(alertsOf('rules: [{name: GpuHot, enabled: false}]').rules).toMatchObject([{ enabled: false, threshold: 83 }])
  })

  it('take receivers of every type, with their secrets elsewhere', () => {
    const { receivers } = alertsOf(`receivers:
  - {name: hook, type: webhook, url_env: HOOK, secret_file: hook.key, token_env: TOKEN, headers: {X-Team: hpc}}
  - {name: chat, type: slack, url_file: ~/slack.url, channel: "#oncall", timeout: 3s}
  - {name: mail, type: email, to: [ops@example.com], from: navarch@example.com, host: mail, username: n, password_env: P}
  - {name: pager, type: pagerduty, routing_key_env: KEY}
  - {name: am, type: alertmanager, urls: ["http://am-1:9093/", "http://am-2:9093"]}`)
    expect(receivers).toEqual([
      {
        ...{ type: 'webhook', name: 'hook', timeoutMs: 10_000, url: { kind: 'env', name: 'HOOK' } },
        ...{ secret: { kind: 'file', path: '/etc/navarch/hook.key' }, token: { kind: 'env', name: 'TOKEN' } },
        headers: { 'X-Team': 'hpc' },
      },
      {
        ...{ type: 'slack', name: 'chat', timeoutMs: 3_000, url: { kind: 'file', path: '/srv/navarch/slack.url' } },
        channel: '#oncall',
      },
      {
        ...{ type: 'email', name: 'mail', timeoutMs: 10_000, to: ['ops@example.com'], from: 'navarch@example.com' },
        ...{ host: 'mail', port: 587, tls: 'auto', username: 'n', password: { kind: 'env', name: 'P' } },
      },
      {
        ...{ type: 'pagerduty', name: 'pager', timeoutMs: 10_000, routingKey: { kind: 'env', name: 'KEY' } },
        url: 'https://events.pagerduty.com/v2/enqueue',
      },
      { type: 'alertmanager', name: 'am', timeoutMs: 10_000, urls: ['http://am-1:9093', 'http://am-2:9093'] },
    ])
  })

  it('tell all receivers of what is more than info where there are no routes', () => {
    const { routes } = alertsOf('receivers: [{name: chat, type: slack, url_env: S}]')
    expect(routes).toMatchObject([
      { receivers: ['chat'], matchers: [{ label: 'severity', op: '!=', value: 'info' }], groupBy: ['rule', 'pool'] },
    ])
  })

  it('take routes, whose escalation is at 15 min, 1 h and 4 h where it does not say', () => {
    const { routes } = alertsOf(`receivers: [{name: chat, type: slack, url_env: S}]
routes:
  - match: [severity=critical, 'pool=~"train.*"']
    receivers: [chat]
    group_by: [rule, rack]
    group_wait: 5s
    continue: true
    escalation: [{receivers: [chat]}, {receivers: [chat]}, {receivers: [chat]}]`)
    expect(routes).toEqual([
      {
        name: 'route-1',
        matchers: [
          { label: 'severity', op: '=', value: 'critical' },
          { label: 'pool', op: '=~', value: 'train.*' },
        ],
        ...{ receivers: ['chat'], groupBy: ['rule', 'rack'], groupWaitMs: 5_000, groupIntervalMs: 300_000 },
        ...{ repeatIntervalMs: 14_400_000, sendResolved: true, continue: true },
        escalation: [900_000, 3_600_000, 14_400_000].map((afterMs) => ({ afterMs, receivers: ['chat'] })),
      },
    ])
  })

  it.each([
    ['rules: [{name: X, metric: gpu_temperature}]', 'needs metric, condition and threshold'],
    ['rules: [{name: GpuHott, threshold: 90}]', 'to change the built-in rule write "GpuHot"'],
    ['rules: [{name: X, metric: gpu_temprature}]', 'did you mean "gpu_temperature"?'],
    ['rules: [{name: X, threshold: hot}]', 'must be a number'],
    ['rules: [{name: GpuHot, for: 5}]', 'must be a duration'],
    ['rules: [{name: GpuHot, node_filter: "(a+)+"}]', 'must be a regular expression'],
    ['rules: [{name: SlurmControllerDown, node_filter: gpu}]', 'slurm_up is not about nodes'],
    ['rules: [{name: GpuHot}, {name: GpuHot}]', 'is the name of another rule, on line 2'],
    ['rules: [{name: GpuHot, metric: xid}]', 'needs condition and threshold too'],
    ['receivers: [{name: a, type: slack}]', 'needs url, url_env or url_file'],
    ['receivers: [{name: a, type: slack, url_env: A, url_file: b}]', 'are one setting: keep one'],
    ['receivers: [{name: a, type: slak, url_env: A}]', 'did you mean "slack"?'],
    ['receivers: [{name: a, type: pagerduty}]', 'needs routing_key_env or routing_key_file'],
    ['receivers: [{name: a, type: email, to: [x], from: a@b}]', 'must be an e-mail address'],
    ['receivers: [{name: a, type: email, to: [a@b], from: a@b, username: u}]', 'needs password_env or password_file'],
    ['receivers: [{name: a, type: slack, url_env: A}, {name: a, type: slack, url_env: A}]', 'another receiver'],
    ['routes: [{receivers: [chat]}]', 'no receiver is called "chat"; known: none'],
    ['receivers: [{name: chat, type: slack, url_env: A}]\nroutes: [{receivers: [chatt]}]', 'did you mean "chat"?'],
    [
      'receivers: [{name: c, type: slack, url_env: A}]\nroutes: [{receivers: [c], match: [severity]}]',
      'must be a matcher',
    ],
    [
      'receivers: [{name: c, type: slack, url_env: A}]\nroutes: [{receivers: [c], escalation: [{after: 1h, receivers: [c]}, {after: 1h, receivers: [c]}]}]',
      'must be later than the step before it',
    ],
    ['recievers: []', 'did you mean "receivers"?'],
  ])('refuse %s', (text, message) => {
    const errors = errorsOf(text)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain(message)
  })

  it('show no secret among the effective settings', () => {
    const parsed = parse('receivers: [{name: a, type: slack, url: "https://hooks.slack.com/services/s3cret"}]')
    expect(parsed.errors).toBeUndefined()
    expect(JSON.stringify('settings' in parsed ? parsed.settings : '')).not.toContain('s3cret')
  })

  it('show no secret that is written in the wrong place', () => {
    expect(errorsOf('receivers: [{name: a, type: pagerduty, routing_key_env: "R0UT-KEY"}]').join()).not.toContain(
      'R0UT',
    )
  })
})
