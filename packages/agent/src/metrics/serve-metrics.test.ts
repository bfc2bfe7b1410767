import { networkInterfaces } from 'node:os'
import { createLog, silentLog } from '@navarch/system/log'
import { describe, expect, it } from 'vitest'
import { parseListenAddress, serveMetrics } from './serve-metrics.ts'

const page = '# TYPE up gauge\nup 1\n'
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

describe('the listener', () => {
  it('answers scrapers with the page of the moment, and health while it runs', async () => {
    let scrapes = 0
    const listener = await serveMetrics({ host: '127.0.0.1', port: 0 }, () => `up ${++scrapes}\n`, silentLog)
    const url = `http://127.0.0.1:${listener.port}`
    const answer = await fetch(`${url}/metrics?x=1`)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toBe('up 1\n')
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('up 2\n')
    expect(await (await fetch(`${url}/health`)).text()).toBe('ok\n')
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200)
    await listener.close()
    await expect(fetch(`${url}/health`)).rejects.toThrow()
  })

  it('names what there is to whoever asks for something else', async () => {
    const listener = await serveMetrics({ host: '127.0.0.1', port: 0 }, () => page, silentLog)
    const url = `http://127.0.0.1:${listener.port}`
    const lost = await fetch(`${url}/`)
    expect([lost.status, await lost.text()]).toEqual([404, '/: there are /metrics and /health\n'])
    expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405)
    await listener.close()
  })

  it.skipIf(!hasIpv6)('answers on IPv4 and IPv6 where no address was given', async () => {
    const listener = await serveMetrics({ port: 0 }, () => page, silentLog)
    for (const host of ['127.0.0.1', '[::1]'])
      expect(await (await fetch(`http://${host}:${listener.port}/metrics`)).text()).toBe(page)
    await listener.close()
  })

  it('leaves an address that is taken to whoever has it, and warns', async () => {
    const first = await serveMetrics({ host: '127.0.0.1', port: 0 }, () => page, silentLog)
    const lines: string[] = []
    const log = createLog((line) => lines.push(line), { now: () => 0 })
    const second = await serveMetrics({ host: '127.0.0.1', port: first.port ?? 0 }, () => page, log)
    expect(second.port).toBeUndefined()
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      ...{ level: 'WARN', msg: expect.stringContaining('metrics_address'), address: `127.0.0.1:${first.port}` },
      error: expect.stringContaining('EADDRINUSE'),
    })
    await second.close()
    expect(await (await fetch(`http://127.0.0.1:${first.port}/metrics`)).text()).toBe(page)
    await first.close()
  })

  it('goes on after a page that could not be made', async () => {
    let broken = true
    const render = () => {
      if (broken) throw new Error('broken')
      return page
    }
    const listener = await serveMetrics({ host: '127.0.0.1', port: 0 }, render, silentLog)
    const url = `http://127.0.0.1:${listener.port}/metrics`
    expect((await fetch(url)).status).toBe(500)
    broken = false
    expect((await fetch(url)).status).toBe(200)
    await listener.close()
  })
})

describe('parseListenAddress', () => {
  it.each([
    [':9400', { port: 9400 }],
    ['9400', { port: 9400 }],
    ['0.0.0.0:9400', { host: '0.0.0.0', port: 9400 }],
    ['[::1]:9400', { host: '::1', port: 9400 }],
    ['gpu-1.example:0', { host: 'gpu-1.example', port: 0 }],
  ])('reads %j', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address)
  })

  it.each(['', ':', 'gpu-1', ':70000', '::1:9400', '[::1]', 'http://x:9400', ' :9400', ':-1'])(
    'takes %j for none',
    (text) => {
      expect(parseListenAddress(text)).toBeUndefined()
    },
  )
})
