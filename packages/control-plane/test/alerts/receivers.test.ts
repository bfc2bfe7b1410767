import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { ReceiverSpec } from '@navarch/core/alert/alerts-spec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSender, secretReader, targetOf } from '../../src/alerts/receivers/create-sender.ts'
import { DeliveryError } from '../../src/alerts/receivers/receiver.ts'
import { startSmtp, type TestSmtp } from './smtp.ts'

const message: AlertMessage = {
  kind: 'firing',
  id: 'm1',
  groupId: 'g1',
  group: 'rule=GpuHot, pool=train',
  route: 'all',
  severity: 'critical',
  title: '[critical] GpuHot: gpu-1 GPU 3: <91 °C> & more',
  text: 'gpu-1 GPU 3 is hot\nCool it.',
  at: Date.UTC(2026, 2, 1),
  firing: 2,
  fresh: 2,
  over: 0,
  escalation: 0,
  labels: { node: 'gpu-1', pool: 'train' },
  alerts: [
    {
      ...{ id: 'a1', rule: 'GpuHot', severity: 'critical', labels: { node: 'gpu-1' }, summary: 'gpu-1 GPU 3 is hot' },
      ...{ meaning: 'It is hot.', action: 'Cool it.', runbookUrl: '', operation: 'op7' },
      ...{ startedAt: 0, firedAt: 1000, resolvedAt: null },
    },
  ],
  more: 1,
  url: 'https://navarch/alerts',
}

interface Request {
  path: string
  headers: IncomingMessage['headers']
  body: string
}

let server: Server
let url: string
let requests: Request[]
let answer: { status: number; headers?: Record<string, string>; body?: string } | 'hang'
let dir: string
beforeEach(async () => {
  requests = []
  answer = { status: 200 }
  dir = mkdtempSync(join(tmpdir(), 'navarch-receivers-'))
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    requests.push({ path: request.url ?? '', headers: request.headers, body })
    if (answer === 'hang') return
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true })
})

const now = Date.UTC(2026, 2, 1)
const send = (
  spec: ReceiverSpec,
  { env = {}, told = message, signal = new AbortController().signal } = {} as {
    env?: Record<string, string>
    told?: AlertMessage
    signal?: AbortSignal
  },
) => createSender(spec, { fetch, secret: secretReader(env), now: () => now })?.(told, signal)
const failure = async (sent: Promise<void> | undefined): Promise<DeliveryError> => {
  const error = await sent?.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (error instanceof DeliveryError) return error
  throw new Error(`it was delivered, or failed otherwise: ${error}`)
}
const webhook = (change: object = {}): ReceiverSpec => ({
  ...{ type: 'webhook', name: 'hook', timeoutMs: 1000, headers: {} },
  url: { kind: 'text', text: `${url}/secret-path` },
  ...change,
})

describe('a webhook', () => {
  it('gets the message as JSON, signed, with a key that tells repetitions', async () => {
    writeFileSync(join(dir, 'secret'), 'shared key\n')
    await send(
      webhook({
        secret: { kind: 'file', path: join(dir, 'secret') },
        token: { kind: 'env', name: 'TOKEN' },
        headers: { 'x-team': 'hpc' },
      }),
      { env: { TOKEN: 'tok123' } },
    )
    const [request] = requests
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      ...{ version: '1', id: 'm1', kind: 'firing', severity: 'critical', firing: 2, more_alerts: 1 },
      alerts: [{ rule: 'GpuHot', operation: 'op7', fired_at: '1970-01-01T00:00:01.000Z', resolved_at: null }],
    })
    expect(request?.headers).toMatchObject({
      ...{
        authorization: 'Bearer tok123',
        'idempotency-key': 'm1',
        'x-team': 'hpc',
        'content-type': 'application/json',
      },
    })
    const seconds = now / 1000
    const expected = createHmac('sha256', 'shared key').update(`${seconds}.${request?.body}`).digest('hex')
    expect(request?.headers['x-navarch-signature']).toBe(`t=${seconds},v1=${expected}`)
  })

  it.each([
    [500, false],
    [503, false],
    [408, false],
    [429, false],
    [400, true],
    [404, true],
    [302, true],
  ])('that answers %d has not taken it (for good: %s)', async (status, permanent) => {
    answer = { status, headers: { location: `${url}/elsewhere` }, body: 'why not' }
    const error = await failure(send(webhook()))
    expect(error).toMatchObject({ message: `it answered ${status}: why not`, permanent })
    // A redirect is not followed: what is sent may be a secret.
    expect(requests).toHaveLength(1)
  })

  it('says when to try again', async () => {
    answer = { status: 429, headers: { 'retry-after': '30' } }
    expect(await failure(send(webhook()))).toMatchObject({ retryAfterMs: 30_000 })
  })

  it('that does not answer ends with the deadline, and shows nothing secret', async () => {
    answer = 'hang'
    const deadline = new AbortController()
    const sent = failure(send(webhook(), { signal: deadline.signal }))
    await expect.poll(() => requests.length).toBe(1)
    deadline.abort(new DeliveryError('no answer in 1000 ms'))
    expect((await sent).message).toBe('no answer in 1000 ms')
  })

  it('whose secret is echoed shows it to nobody', async () => {
    answer = { status: 500, body: 'bad token tok123 for /secret-path' }
    const error = await failure(send(webhook({ token: { kind: 'env', name: 'TOKEN' } }), { env: { TOKEN: 'tok123' } }))
    expect(error.message).not.toContain('tok123')
  })

  it('without its variable or file says what to do', async () => {
    expect((await failure(send(webhook({ url: { kind: 'env', name: 'HOOK' } })))).message).toContain(
      'the variable HOOK is not set',
    )
    expect((await failure(send(webhook({ url: { kind: 'file', path: join(dir, 'no') } })))).message).toContain(
      'cannot be read',
    )
  })
})

describe('Slack', () => {
  const slack = (): ReceiverSpec => ({
    ...{ type: 'slack', name: 'chat', timeoutMs: 1000, channel: '#oncall' },
    url: { kind: 'text', text: `${url}/services/T0/B0/xyz` },
  })

  it('gets a section with the text escaped, cut to what Slack takes', async () => {
    await send(slack(), { told: { ...message, text: 'x'.repeat(5000) } })
    const body = JSON.parse(requests[0]?.body ?? '')
    expect(body).toMatchObject({ channel: '#oncall', blocks: [{ type: 'section' }] })
    expect(body.text).toBe('[critical] GpuHot: gpu-1 GPU 3: &lt;91 °C&gt; &amp; more')
    const { text } = body.blocks[0].text
    expect(text.length).toBeLessThanOrEqual(3000)
    expect(text).toContain('&lt;91 °C&gt; &amp; more')
    expect(text).toContain('<https://navarch/alerts|Open in Navarch>')
  })

  it('does not say its title twice', async () => {
    const summary = 'gpu-1 GPU 3: XID 79'
    await send(slack(), {
      told: { ...message, title: `[critical] Fault: ${summary}`, text: `${summary}\nReplace it.` },
    })
    await send(slack(), { told: { ...message, title: '[critical] 2 alerts', text: '2 subjects.\nReplace them.' } })
    const sections = requests.map(({ body }) => JSON.parse(body).blocks[0].text.text.split('\n').slice(0, 3))
    expect(sections).toEqual([
      [
        ':red_circle: *[critical] Fault: gpu-1 GPU 3: XID 79*',
        'Replace it.',
        '<https://navarch/alerts|Open in Navarch>',
      ],
      [':red_circle: *[critical] 2 alerts*', '2 subjects.', 'Replace them.'],
    ])
  })

  it('is shown by its host alone', () => {
    expect(targetOf(slack())).toBe(new URL(url).host)
  })
})

describe('PagerDuty', () => {
  const pager = (): ReceiverSpec => ({
    ...{ type: 'pagerduty', name: 'pager', timeoutMs: 1000, url: `${url}/v2/enqueue` },
    routingKey: { kind: 'env', name: 'KEY' },
  })
  const env = { KEY: 'R0UT1NGKEY' }

  it('gets one incident for a group: triggered, acknowledged, resolved', async () => {
    answer = { status: 202, body: '{"status":"success"}' }
    for (const kind of ['firing', 'acknowledged', 'resolved'] as const)
      await send(pager(), { env, told: { ...message, kind } })
    const events = requests.map(({ body }) => JSON.parse(body))
    expect(events.map((event) => [event.event_action, event.dedup_key, event.routing_key])).toEqual([
      ['trigger', 'navarch-g1', 'R0UT1NGKEY'],
      ['acknowledge', 'navarch-g1', 'R0UT1NGKEY'],
      ['resolve', 'navarch-g1', 'R0UT1NGKEY'],
    ])
    expect(events[0].payload).toMatchObject({
      ...{ summary: message.title, source: 'gpu-1', severity: 'critical', timestamp: '2026-03-01T00:00:00.000Z' },
    })
    expect(events[2].payload).toBeUndefined()
  })

  it('that refuses the key does not show it', async () => {
    answer = { status: 400, body: 'Invalid routing key R0UT1NGKEY' }
    const error = await failure(send(pager(), { env }))
    expect(error).toMatchObject({ permanent: true, message: 'it answered 400: Invalid routing key (hidden)' })
  })
})

describe('mail by a real SMTP server', () => {
  let smtp: TestSmtp
  beforeEach(async () => {
    smtp = await startSmtp()
  })
  afterEach(() => smtp.stop())
  const mail = (change: object = {}): ReceiverSpec => ({
    ...{ type: 'email', name: 'mail', timeoutMs: 5000, to: ['ops@example.com', 'lead@example.com'] },
    ...{ from: 'navarch@example.com', host: '127.0.0.1', port: smtp.port, tls: 'none' },
    ...change,
  })

  it('arrives at all addresses, in one thread for a group, and with the same id when it comes twice', async () => {
    await send(mail())
    await send(mail())
    await send(mail(), { told: { ...message, id: 'm2', kind: 'resolved', title: '[resolved] GpuHot' } })
    expect(smtp.mails.map(({ to }) => to)).toEqual(
      Array.from({ length: 3 }, () => ['ops@example.com', 'lead@example.com']),
    )
    const headers = smtp.mails.map(({ text }) => text)
    expect(headers.map((text) => /^Message-ID: (.*)$/im.exec(text)?.[1])).toEqual([
      '<navarch-m1@example.com>',
      '<navarch-m1@example.com>',
      '<navarch-m2@example.com>',
    ])
    for (const text of headers) expect(text).toContain('References: <navarch-g1@example.com>')
    expect(headers[2]).toContain('Subject: [resolved] GpuHot')
  })

  it('with a title of several lines is one mail with one subject', async () => {
    await send(mail(), { told: { ...message, title: 'one\r\nBcc: evil@example.com' } })
    expect(smtp.mails[0]?.text).toContain('Subject: one Bcc: evil@example.com')
    expect(smtp.mails[0]?.to).not.toContain('evil@example.com')
  })

  it('logs in with its password', async () => {
    const login = { username: 'navarch', password: { kind: 'env', name: 'PASSWORD' } }
    await send(mail(login), { env: { PASSWORD: 'right horse' } })
    expect(smtp.mails).toHaveLength(1)
    const error = await failure(send(mail(login), { env: { PASSWORD: 'wrong horse' } }))
    expect(error).toMatchObject({ permanent: false })
    expect(error.message).not.toContain('wrong horse')
  })

  it('that the server refuses is refused for good; one that is put off is not', async () => {
    smtp.refuse = 550
    expect(await failure(send(mail()))).toMatchObject({ permanent: true })
    smtp.refuse = 451
    expect(await failure(send(mail()))).toMatchObject({ permanent: false })
  })

  it('is not sent without TLS where TLS is asked for', async () => {
    await failure(send(mail({ tls: 'starttls' })))
    expect(smtp.mails).toEqual([])
  })

  it('ends with the deadline where nobody answers', async () => {
    const deadline = AbortSignal.timeout(50)
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await failure(send(mail({ port }), { signal: deadline }))
    silent.closeAllConnections()
    silent.close()
  })
})
