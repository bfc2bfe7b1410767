import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { alwaysRule, type ControlPlaneProcess, makePlace, type Place } from './control-plane-process.ts'

const document = {
  ...{ name: 'Hot', metric: 'gpu_temperature', condition: 'gt', threshold: 80, duration: 60 },
  ...{ nodeFilter: '^gpu-', enabled: true },
}

describe('the API of a running control plane', () => {
  const place = makePlace()
  let plane: ControlPlaneProcess
  beforeAll(async () => {
    plane = await place.start(`  rules:\n${alwaysRule}\n`)
    const firing = async () => (await plane.call('GET', '/api/v1/alerts?state=firing')).body
    await vi.waitFor(async () => expect(await firing()).toHaveLength(1), { timeout: 10_000 })
  }, 30_000)
  afterAll(() => place.remove())

  it("keeps rules with the document's fields: made, read, changed, removed", async () => {
    const made = await plane.call('POST', '/api/alerts', document)
    expect(made).toMatchObject({ status: 201, body: document })
    const { id } = made.body
    expect(await plane.call('GET', '/api/alerts')).toMatchObject({ status: 200, body: [{ id, ...document }] })
    expect(await plane.call('GET', `/api/alerts/${id}`)).toMatchObject({ status: 200, body: { id, ...document } })
    // As a page sends it back: the whole rule with what changed.
    const changed = await plane.call('PUT', `/api/alerts/${id}`, { ...made.body, threshold: 90, enabled: false })
    expect(changed).toMatchObject({ status: 200, body: { ...document, threshold: 90, enabled: false } })
    expect(await plane.call('PUT', `/api/alerts/${id}`, { nodeFilter: null })).toMatchObject({
      body: { threshold: 90, nodeFilter: null },
    })
    expect(await plane.call('DELETE', `/api/alerts/${id}`)).toEqual({ status: 204, body: undefined })
    expect(await plane.call('GET', `/api/alerts/${id}`)).toMatchObject({ status: 404 })
    expect(await plane.call('DELETE', `/api/alerts/${id}`)).toMatchObject({ status: 404 })
  })

  it("has the document's history, which is not empty", async () => {
    const { status, body } = await plane.call('GET', '/api/alerts/events/history?limit=1000')
    expect(status).toBe(200)
    expect(body[0]).toMatchObject({ ruleName: 'Always', status: 'firing', nodeId: '', value: 0 })
    expect(await plane.call('GET', '/api/alerts/events/history?limit=1001')).toMatchObject({ status: 400 })
  })

  it.each([
    [{ name: '' }, 'name: it is empty'],
    [{ name: 'x'.repeat(101) }, 'name: it is longer than 100 characters'],
    [{ metric: 'gpu_temp' }, '"gpu_temp" is not one of gpu_utilization, gpu_memory_used'],
    [{ condition: '>' }, '">" is not one of gt, lt, eq, gte, lte'],
    [{ threshold: 'hot' }, 'threshold: it must be a number'],
    [{ duration: -1 }, 'duration: it must be at least 0'],
    [{ nodeFilter: '(a+)+' }, 'nodeFilter: it must be a regular expression'],
    [{ nodeFilter: '(' }, 'nodeFilter: it must be a regular expression'],
    [{ enabled: 'yes' }, 'enabled: it must be true or false'],
    [{ trheshold: 1 }, 'unknown key "trheshold"; did you mean threshold?'],
    [{ metric: 'slurm_queue_pending' }, 'slurm_queue_pending is not about nodes'],
  ])('refuses a rule with %j and says why', async (change, message) => {
    const { status, body } = await plane.call('POST', '/api/alerts', { ...document, ...change })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'invalid', message: expect.stringContaining(message) })
    expect((await plane.call('GET', '/api/alerts')).body).toEqual([])
  })

  it('has rules of every source, and changes its own alone', async () => {
    const { body: rules } = await plane.call('GET', '/api/v1/alert-rules')
    expect(rules.find((rule: { name: string }) => rule.name === 'GpuHot')).toMatchObject({
      ...{ id: 'default-GpuHot', source: 'default', duration: 300, unit: '°C', enabled: true },
    })
    const always = rules.find((rule: { name: string }) => rule.name === 'Always')
    expect(always).toMatchObject({ source: 'config', firing: 1 })
    const fields = { name: 'GpuHot', metric: 'gpu_temperature', condition: 'gt', threshold: 88, severity: 'critical' }
    expect(await plane.call('DELETE', '/api/v1/alert-rules/default-GpuHot')).toMatchObject({ status: 409 })
    expect(await plane.call('PUT', `/api/v1/alert-rules/${always.id}`, fields)).toMatchObject({ status: 409 })
    const made = await plane.call('POST', '/api/v1/alert-rules', fields)
    expect(made).toMatchObject({ status: 201, body: { source: 'api', threshold: 88 } })
    expect(await plane.call('POST', '/api/v1/alert-rules', fields)).toMatchObject({ status: 409 })
    expect(await plane.call('GET', '/api/v1/alert-rules/GpuHot')).toMatchObject({ body: { threshold: 88 } })
    expect(await plane.call('DELETE', `/api/v1/alert-rules/${made.body.id}`)).toMatchObject({ status: 204 })
    expect(await plane.call('GET', '/api/v1/alert-rules/GpuHot')).toMatchObject({ body: { threshold: 83 } })
  })

  it('refuses rules that would mute each other', async () => {
    const rule = { metric: 'xid', condition: 'eq', threshold: 13 }
    const first = await plane.call('POST', '/api/v1/alert-rules', { ...rule, name: 'First', inhibited_by: ['Second'] })
    expect(first.status).toBe(201)
    const second = { ...rule, name: 'Second', inhibited_by: ['First'] }
    expect(await plane.call('POST', '/api/v1/alert-rules', second)).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('Second by First by Second') } },
    })
    expect(await plane.call('POST', '/api/v1/alert-rules', { ...second, inhibited_by: [] })).toMatchObject({
      status: 201,
    })
    const circle = { ...rule, name: 'NodeSilent', inhibited_by: ['NodeDownInSlurm'] }
    expect(await plane.call('POST', '/api/v1/alert-rules', circle)).toMatchObject({ status: 400 })
    for (const name of ['First', 'Second']) await plane.call('DELETE', `/api/v1/alert-rules/${name}`)
  })

  it('lists alerts in pages, and says how many there are', async () => {
    const answer = await fetch(`${plane.url}/api/v1/alerts?rule=Always&limit=1`)
    expect([answer.status, answer.headers.get('x-total-count')]).toEqual([200, '1'])
    expect((await plane.call('GET', '/api/v1/alerts?rule=Always&offset=1')).body).toEqual([])
    for (const query of ['limit=0', 'limit=10001', 'limit=x', 'offset=-1']) {
      expect(await plane.call('GET', `/api/v1/alerts?${query}`), query).toMatchObject({ status: 400 })
    }
  })

  it('acknowledges, with a note, and takes it back', async () => {
    const [alert] = (await plane.call('GET', '/api/v1/alerts?state=firing&rule=Always')).body
    const path = `/api/v1/alerts/${alert.id}`
    expect(await plane.call('POST', `${path}/acknowledge`, { note: 'mine', group: true })).toMatchObject({
      status: 200,
      body: { alerts: [{ id: alert.id, acknowledged: { note: 'mine' } }] },
    })
    expect((await plane.call('GET', path)).body.acknowledged).not.toBeNull()
    expect(await plane.call('POST', `${path}/unacknowledge`, {})).toMatchObject({
      body: { alerts: [{ acknowledged: null }] },
    })
    const events = (await plane.call('GET', `/api/v1/alert-history?alert=${alert.id}`)).body
    expect(events.map(({ event }: { event: string }) => event)).toEqual(['unacknowledged', 'acknowledged', 'fired'])
    expect(await plane.call('POST', '/api/v1/alerts/nothing/acknowledge', {})).toMatchObject({ status: 404 })
  })

  it('silences with a reason and an end, and not without', async () => {
    const silence = { matchers: [{ label: 'rule', op: '=', value: 'Always' }], reason: 'a test', duration_seconds: 600 }
    const made = await plane.call('POST', '/api/v1/alert-silences', silence)
    expect(made).toMatchObject({ status: 201, body: { reason: 'a test', state: 'active', alerts: 1 } })
    const muted = async () => (await plane.call('GET', '/api/v1/alerts?rule=Always')).body[0].silenced_by
    await expect.poll(muted).toBe(made.body.id)
    expect(await plane.call('DELETE', `/api/v1/alert-silences/${made.body.id}`)).toMatchObject({
      body: { state: 'over' },
    })
    await expect.poll(muted).toBeNull()
    expect(await plane.call('DELETE', `/api/v1/alert-silences/${made.body.id}`)).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringMatching(/is over already: it ended at 20\d\d-/) } },
    })
    expect(await plane.call('DELETE', '/api/v1/alert-silences/nothing')).toMatchObject({ status: 404 })
    for (const wrong of [
      { ...silence, reason: '' },
      { ...silence, reason: '   ' },
      { matchers: silence.matchers, reason: 'x' },
      { ...silence, ends_at: '2030-01-01T00:00:00Z' },
      { ...silence, matchers: [] },
      { ...silence, matchers: [{ label: 'node', op: '=~', value: '(a*)*' }] },
      { ...silence, duration_seconds: 0 },
      { matchers: silence.matchers, reason: 'x', ends_at: '2020-01-01T00:00:00Z' },
    ]) {
      expect(await plane.call('POST', '/api/v1/alert-silences', wrong)).toMatchObject({ status: 400 })
    }
    expect((await plane.call('GET', '/api/v1/alert-silences')).body).toEqual([])
    expect((await plane.call('GET', '/api/v1/alert-silences?all=true')).body).toHaveLength(1)
  })

  it('lists what rules can be about', async () => {
    const { body } = await plane.call('GET', '/api/v1/alert-metrics')
    expect(body.find(({ name }: { name: string }) => name === 'gpu_temperature')).toMatchObject({
      ...{ unit: '°C', per: 'gpu', labels: ['node', 'pool', 'rack', 'switch', 'gpu'] },
    })
  })

  it('never fails inside, whatever it is sent', async () => {
    const bodies = [
      '',
      '[]',
      'null',
      '"x"',
      '{',
      '{"group":1}',
      '{"note":{}}',
      JSON.stringify({ name: ['x'] }),
      '{"__proto__":{}}',
    ]
    const paths = ['/api/alerts', '/api/v1/alert-rules', '/api/v1/alert-silences', '/api/v1/alerts/x/acknowledge']
    for (const path of paths) {
      for (const body of bodies) {
        const { status } = await plane.call('POST', path, body)
        expect(status, `${path} ${body}`).toBeLessThan(500)
        expect(status, `${path} ${body}`).toBeGreaterThanOrEqual(400)
      }
    }
    for (const path of ['/api/v1/alerts?state=x', '/api/v1/alerts?x=1', '/api/v1/alert-history?limit=0']) {
      expect(await plane.call('GET', path)).toMatchObject({ status: 400 })
    }
  })
})

describe('kill -9', () => {
  let place: Place
  let hook: Server
  let told: { id: string; kind: string; title: string }[]
  let status: number
  beforeEach(async () => {
    place = makePlace()
    told = []
    status = 200
    hook = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      if (status === 200) told.push(JSON.parse(body))
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await place.remove()
    hook.closeAllConnections()
    hook.close()
  })

  it('loses no message, and makes no storm of them', async () => {
    const { port } = hook.address() as AddressInfo
    const alerts = [
      '  rules:',
      alwaysRule,
      '  receivers:',
      '    - {name: hook, type: webhook, url_env: HOOK_URL}',
      '  routes:',
      '    - {receivers: [hook], group_wait: 0s}',
      '',
    ].join('\n')
    const env = { HOOK_URL: `http://127.0.0.1:${port}/s3cret` }
    status = 503
    const first = await place.start(alerts, env)
    const waiting = async () => (await first.call('GET', '/api/v1/alert-receivers')).body[0]
    await expect.poll(waiting, { timeout: 10_000 }).toMatchObject({ waiting: 1, error: 'it answered 503' })
    expect(JSON.stringify(await waiting()) + first.output()).not.toContain('s3cret')
    await first.kill()
    status = 200
    for (let round = 0; round < 3; round++) {
      const plane = await place.start(alerts, env)
      await expect.poll(() => told.length, { timeout: 15_000 }).toBe(1)
      await expect
        .poll(async () => (await plane.call('GET', '/api/v1/alert-receivers')).body[0].waiting, { timeout: 5_000 })
        .toBe(0)
      await plane.kill()
    }
    expect(told).toMatchObject([{ kind: 'firing', title: expect.stringContaining('Always') }])
  }, 90_000)
})
