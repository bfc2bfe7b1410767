import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type {
  AlertHistoryJson,
  AlertJson,
  AlertReceiverJson,
  AlertRuleJson,
  AlertTestJson,
  SilenceJson,
} from '@navarch/api/alerts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ago } from './fleet.ts'
import { runCli } from './run-cli.ts'

const alert = (change: Partial<AlertJson> = {}): AlertJson => ({
  ...{
    id: 'al1',
    rule: 'GpuHot',
    severity: 'warning',
    state: 'firing',
    labels: { node: 'gpu-1', gpu: '3' },
    value: 91,
  },
  ...{ unknown_since: null, unit: '°C', condition: 'gt', threshold: 83, meaning: 'It is hot.', action: 'Cool it.' },
  ...{ summary: 'gpu-1 GPU 3: GPU temperature 91 °C (more than 83 °C for 5 min)', runbook_url: null },
  ...{
    being_handled: null,
    awaits_approval: null,
    started_at: ago(600),
    fired_at: ago(300),
    resolved_at: null,
    resolved_reason: '',
  },
  ...{ acknowledged: null, silenced_by: null, inhibited_by: null, group: 'rule=GpuHot, pool=train', notified: [] },
  ...change,
})
const silence: SilenceJson = {
  ...{ id: 's1', matchers: [{ label: 'node', op: '=', value: 'gpu-1' }], reason: 'new riser', by: 'ana' },
  ...{ created_at: ago(60), starts_at: ago(60), ends_at: ago(-3600), state: 'active', alerts: 2 },
}
const event: AlertHistoryJson = {
  ...{ seq: 1, at: ago(300), alert: 'al1', rule: 'GpuHot', severity: 'warning', labels: { node: 'gpu-1' } },
  ...{ event: 'fired', value: 91, text: 'it is hot', by: '' },
}
const rule: AlertRuleJson = {
  ...{ id: 'default-GpuHot', name: 'GpuHot', metric: 'gpu_temperature', condition: 'gt', threshold: 83, duration: 300 },
  ...{ resolve_after: 300, node_filter: '^gpu', labels: {}, severity: 'warning', meaning: '', action: '' },
  ...{ runbook_url: null, inhibited_by: [], enabled: true, unit: '°C', source: 'default', pending: 0, firing: 2 },
  ...{ problem: null, created_at: null, updated_at: null },
}
const receiver: AlertReceiverJson = {
  ...{
    name: 'chat',
    type: 'slack',
    target: 'hooks.slack.com',
    last_sent_at: null,
    waiting: 1,
    error: 'it answered 503',
  },
}

let server: Server
let url: string
let answers: Record<string, unknown>
let asked: { call: string; body: unknown }[]
beforeEach(async () => {
  asked = []
  answers = {
    'GET /api/v1/alerts': [alert(), alert({ id: 'al2', silenced_by: 's1' })],
    'GET /api/v1/alerts/al1': alert(),
    'GET /api/v1/alert-history': [event],
    'GET /api/v1/alert-silences': [silence],
    'POST /api/v1/alert-silences': silence,
    'DELETE /api/v1/alert-silences/s1': { ...silence, state: 'over' },
    'GET /api/v1/alert-rules': [rule],
    'GET /api/v1/alert-receivers': [receiver],
    'POST /api/v1/alerts/al1/acknowledge': { alerts: [alert()] },
    'POST /api/v1/alerts/al1/unacknowledge': { alerts: [alert()] },
    'POST /api/v1/alert-receivers/chat/test': {
      receiver: 'chat',
      sent: true,
      took_ms: 12,
      error: '',
    } satisfies AlertTestJson,
  }
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const call = `${request.method} ${request.url}`
    asked.push({ call, body: body === '' ? undefined : JSON.parse(body) })
    const answer = answers[call] ?? answers[call.split('?')[0] ?? '']
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error: { code: 'not_found', message: 'no alert al9' } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
const cli = (...args: string[]) => runCli(args, { server: url })
const calls = () => asked.map(({ call }) => call)

describe('navarch alerts', () => {
  it('lists what fires, one alert a line', async () => {
    const { code, stdout } = await cli('alerts')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ALERT +SEVERITY +RULE +STATE +SINCE +OPERATION +SUMMARY$/m)
    expect(stdout).toMatch(/^al1 +warning +GpuHot +firing +5m ago +- +gpu-1 GPU 3: GPU temperature 91 °C/m)
    expect(stdout).toMatch(/^al2 +warning +GpuHot +firing, silenced +/m)
    expect(calls()).toEqual(['GET /api/v1/alerts?state=firing'])
  })

  it('has those that are silenced, all of them, and those of a node', async () => {
    answers['GET /api/v1/alerts?state=pending'] = []
    expect((await cli('alerts', '--silenced', '-o', 'json')).stdout).toBe(
      `${JSON.stringify([alert({ id: 'al2', silenced_by: 's1' })], undefined, 2)}\n`,
    )
    await cli('alerts', '--all', '--node', 'gpu-1', '--severity', 'critical')
    expect(calls().at(-1)).toBe('GET /api/v1/alerts?severity=critical&node=gpu-1')
  })

  it('has those that are silenced before they fire, and asks for none that are over', async () => {
    const muted = (id: string, state: AlertJson['state']) => alert({ id, state, silenced_by: 's1' })
    answers['GET /api/v1/alerts?state=firing'] = [muted('al1', 'firing'), alert({ id: 'al4' })]
    answers['GET /api/v1/alerts?state=pending'] = [muted('al2', 'pending')]
    const { stdout, stderr } = await cli('alerts', '--silenced')
    expect(calls().sort()).toEqual(['GET /api/v1/alerts?state=firing', 'GET /api/v1/alerts?state=pending'])
    expect(stdout.match(/^al\d/gm)).toEqual(['al1', 'al2'])
    expect(stdout).toMatch(/^al2 +warning +GpuHot +pending, silenced/m)
    expect(stderr).toBe('')
  })

  it('tells what waits for approval', async () => {
    answers['GET /api/v1/alerts'] = [alert({ awaits_approval: 'op7' })]
    expect((await cli('alerts')).stdout).toMatch(/^al1 +warning +GpuHot +firing +5m ago +op7, to approve /m)
    answers['GET /api/v1/alerts/al1'] = alert({ awaits_approval: 'op7' })
    expect((await cli('alert', 'get', 'al1')).stdout).toMatch(/^To approve: +op7: navarch operation approve op7$/m)
  })

  it('shows all of them, however many there are', async () => {
    answers['GET /api/v1/alerts'] = Array.from({ length: 12_000 }, () => alert())
    const { stdout, stderr } = await cli('alerts', '-o', 'json')
    expect(JSON.parse(stdout)).toHaveLength(12_000)
    expect(stderr).toBe('')
  })

  it('says so when nothing is wrong, on stderr', async () => {
    answers['GET /api/v1/alerts'] = []
    expect(await cli('alerts')).toEqual({ code: 0, stdout: '', stderr: 'No alerts fire\n' })
    expect((await cli('alerts', '-o', 'json')).stdout).toBe('[]\n')
  })

  it('has the history', async () => {
    expect((await cli('alerts', '--history', '--limit', '5')).stdout).toMatch(
      /^5m ago +fired +GpuHot +gpu-1 +- +it is hot$/m,
    )
    expect(calls()).toEqual(['GET /api/v1/alert-history?limit=5'])
    expect(await cli('alerts', '--history', '--pool', 'train')).toMatchObject({ code: 2 })
  })
})

describe('navarch alert', () => {
  it('get shows what it means, what to do, and what has happened', async () => {
    const { stdout } = await cli('alert', 'get', 'al1')
    expect(stdout).toMatch(/^Means: +It is hot\.$/m)
    expect(stdout).toMatch(/^To do: +Cool it\.$/m)
    expect(stdout).toMatch(/^Labels: +node=gpu-1 gpu=3$/m)
    expect(stdout).toMatch(/^5m ago +fired/m)
    expect(await cli('alert', 'get', 'al9')).toMatchObject({ code: 3 })
  })

  it('ack and unack say who is at it, for a group too', async () => {
    expect(await cli('alert', 'ack', 'al1', '--note', 'mine', '--group')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('acknowledged'),
    })
    await cli('alert', 'unack', 'al1')
    expect(asked).toEqual([
      { call: 'POST /api/v1/alerts/al1/acknowledge', body: { note: 'mine', group: true } },
      { call: 'POST /api/v1/alerts/al1/unacknowledge', body: { group: false } },
    ])
  })

  it('silence takes matchers, a reason and a time', async () => {
    const { code, stdout } = await cli(
      'alert',
      'silence',
      'node=gpu-1',
      'rule=~"Gpu.*"',
      '--for',
      '4h',
      '--reason',
      'riser',
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^s1 +active +in 1h +2 +ana +node=gpu-1 +new riser$/m)
    expect(asked[0]?.body).toEqual({
      matchers: [
        { label: 'node', op: '=', value: 'gpu-1' },
        { label: 'rule', op: '=~', value: 'Gpu.*' },
      ],
      reason: 'riser',
      duration_seconds: 14_400,
    })
  })

  it('silence takes an alert, and silences that one alone', async () => {
    await cli('alert', 'silence', 'al1', '--for', '1h', '--reason', 'known')
    expect(asked[1]?.body).toMatchObject({
      matchers: [
        { label: 'rule', op: '=', value: 'GpuHot' },
        { label: 'node', op: '=', value: 'gpu-1' },
        { label: 'gpu', op: '=', value: '3' },
      ],
    })
  })

  it.each([
    [['node=gpu-1'], '--reason'],
    [['node=gpu-1', '--reason', 'x'], '--for'],
    [['node=gpu-1', '--reason', 'x', '--for', 'long'], 'It must be a number with a unit'],
    [['node=gpu-1', '0=1', '--reason', 'x', '--for', '1h'], 'is not a matcher'],
  ])('silence %j is refused', async (args, text) => {
    expect(await cli('alert', 'silence', ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(text) })
    expect(calls()).toEqual([])
  })

  it('lists silences, and ends them', async () => {
    const { stdout } = await cli('alert', 'silences', '--all')
    expect(stdout).toMatch(/^SILENCE +STATE +END +ALERTS/m)
    expect(stdout).toMatch(/^s1 +active +in 1h/m)
    expect((await cli('alert', 'unsilence', 's1')).stdout).toBe('silence s1 is over\n')
    expect(calls()).toEqual(['GET /api/v1/alert-silences?all=true', 'DELETE /api/v1/alert-silences/s1'])
  })

  it('lists rules and receivers', async () => {
    expect((await cli('alert', 'rules')).stdout).toMatch(
      /^GpuHot +warning +2 +0 +default +gpu_temperature > 83 °C for 5m on \^gpu$/m,
    )
    expect((await cli('alert', 'receivers')).stdout).toMatch(
      /^chat +slack +never +1 +hooks\.slack\.com +it answered 503$/m,
    )
  })

  it('test tells whether a message was taken, by its status too', async () => {
    expect(await cli('alert', 'test', 'chat')).toMatchObject({ code: 0, stdout: 'chat took a test message in 12 ms\n' })
    answers['POST /api/v1/alert-receivers/chat/test'] = {
      receiver: 'chat',
      sent: false,
      took_ms: 1,
      error: 'it answered 404',
    }
    expect(await cli('alert', 'test', 'chat')).toMatchObject({
      code: 1,
      stdout: 'chat did not take a test message: it answered 404\n',
    })
  })

  it('completes names of alerts, silences and receivers', async () => {
    expect((await cli('__complete', 'alert', 'ack', '')).stdout).toMatch(/^al1\tgpu-1 GPU 3/)
    expect((await cli('__complete', 'alert', 'unsilence', '')).stdout).toBe('s1\tnew riser\n')
    expect((await cli('__complete', 'alert', 'test', 'ch')).stdout).toBe('chat\tslack\n')
  })
})
