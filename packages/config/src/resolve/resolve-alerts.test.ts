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
    [
      'rules: [{name: A, metric: xid, condition: eq, threshold: 1, inhibited_by: [B]}, {name: B, metric: xid, condition: eq, threshold: 2, inhibited_by: [A]}]',
      'A by B by A: rules explain each other in a circle, and nobody could say which of them is the cause; take one name out',
    ],
    ['rules: [{name: NodeSilent, inhibited_by: [NodeDownInSlurm]}]', 'NodeSilent by NodeDownInSlurm by NodeSilent'],
    [
      'receivers: [{name: c, type: slack, url_env: A}]\nroutes: [{receivers: [c], match: [severity=critcal]}]',
      'no alert has the severity "critcal": it is one of info, warning, critical; did you mean critical?',
    ],
  ])('refuse %s', (text, message) => {
    const errors = errorsOf(text)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain(message)
  })

  it('refuse a circle where the rule names what closes it', () => {
    const text = `rules:
  - name: A
    metric: xid
    condition: eq
    threshold: 1
    inhibited_by:
      - NodeSilent
      - B
  - {name: B, metric: xid, condition: eq, threshold: 2, inhibited_by: [A]}`
    expect(errorsOf(text)).toEqual([expect.stringMatching(/^9 alerts\.rules\[0\]\.inhibited_by\[1\]: A by B by A/)])
  })

  it('take a circle in which one rule is off', () => {
    expect(
      alertsOf('rules: [{name: NodeSilent, inhibited_by: [NodeDownInSlurm]}, {name: NodeDownInSlurm, enabled: false}]')
        .rules,
    ).toHaveLength(2)
  })

  const warningsOf = (text: string): string[] => {
    const parsed = parse(text)
    if (parsed.errors) throw new Error(parsed.errors.map(formatProblem).join('\n'))
    return parsed.warnings
      .filter(({ key }) => key !== 'pools')
      .map(({ line, key, message }) => `${line} ${key}: ${message}`)
  }
  const slack = 'receivers: [{name: c, type: slack, url_env: A}]\nroutes:\n  - receivers: [c]\n'

  it.each([
    [
      'rules: [{name: GpuHot, inhibited_by: [NodeSilnt]}]',
      '2 alerts.rules[0].inhibited_by[0]: no rule is called "NodeSilnt": did you mean "NodeSilent"?',
    ],
    ['rules: [{name: GpuHot, inhibited_by: [Mine]}]', 'it does nothing unless such a rule is made over the API'],
    ['rules: [{name: GpuHot, inhibited_by: [GpuHot]}]', 'a rule does not explain itself: take it out'],
    [
      'rules: [{name: GpuHot, labels: {poool: train}}]',
      '2 alerts.rules[0].labels.poool: no value of gpu_temperature has this label: it has node, pool, rack, switch, gpu',
    ],
    [
      `${slack}    match:\n      - rule!=X\n      - rule=GpuHott`,
      '7 alerts.routes[0].match[1]: no rule is called "GpuHott": did you mean "GpuHot"?',
    ],
    [
      `${slack}    match: ['nod=~"gpu-.*"']`,
      '5 alerts.routes[0].match[0]: no alert has a label "nod"; did you mean "node"?',
    ],
    [
      `${slack}    group_by: [rule, pol]`,
      '5 alerts.routes[0].group_by[1]: no alert has a label "pol"; did you mean "pool"?',
    ],
  ])('warn of %s', (text, message) => {
    expect(warningsOf(text).join('\n')).toContain(message)
  })

  it('warn of nothing in what is right', () => {
    expect(
      warningsOf(`${slack}    match: [severity=critical, rule=GpuHot, 'severity=~"crit.*"', 'alertname!=NodeSilent', reason!=x]
    group_by: [rule, severity, rack, partition]
rules: [{name: TrainHot, metric: gpu_temperature, condition: gt, threshold: 80, labels: {pool: train, gpu: 0}, inhibited_by: [NodeSilent, GpuHot]}]`),
    ).toEqual([])
  })

  it('tell what they rely on outside of the file, with its place', () => {
    const parsed = parse(`receivers:
  - {name: hook, type: webhook, url_env: HOOK, token_file: hook.key}
volumes:
  - /var/lib/mysql
  - ~/data`)
    expect(parsed.errors ?? parsed.outside).toMatchObject([
      { kind: 'variable', name: 'HOOK', key: 'alerts.receivers[0].url_env', line: 3, column: expect.any(Number) },
      {
        kind: 'file',
        name: '/etc/navarch/hook.key',
        key: 'alerts.receivers[0].token_file',
        line: 3,
        column: expect.any(Number),
      },
      { kind: 'volume', name: '/var/lib/mysql', key: 'alerts.volumes[0]', line: 5, column: 7 },
      { kind: 'volume', name: '/srv/navarch/data', key: 'alerts.volumes[1]', line: 6, column: 7 },
    ])
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
