import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { alwaysRule, makePlace } from './control-plane-process.ts'

const program = 'prometheus-alertmanager'
const missing = spawnSync(program, ['--version']).error ? `${program} is not installed` : undefined

interface Shown {
  labels: Record<string, string>
  annotations: Record<string, string>
  status: { state: string }
}

describe.skipIf(missing)(`a real Alertmanager${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const folder = missing ? '' : mkdtempSync(join(tmpdir(), 'navarch-alertmanager-'))
  const place = makePlace()
  let alertmanager: ChildProcess
  let url = ''
  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    writeFileSync(join(folder, 'alertmanager.yml'), 'route: {receiver: none}\nreceivers: [{name: none}]\n')
    alertmanager = spawn(
      program,
      [
        ...['--config.file', join(folder, 'alertmanager.yml'), '--storage.path', join(folder, 'data')],
        ...['--web.listen-address', `127.0.0.1:${port}`, '--cluster.listen-address=', '--log.level', 'error'],
      ],
      { stdio: 'ignore' },
    )
    await vi.waitFor(async () => expect((await fetch(`${url}/-/ready`)).status).toBe(200), {
      ...{ timeout: 30_000, interval: 100 },
    })
  }, 40_000)
  afterAll(async () => {
    await place.remove()
    const ended = once(alertmanager, 'exit')
    alertmanager.kill()
    await ended
    rmSync(folder, { recursive: true })
  })

  const shown = async (): Promise<Shown[]> => (await fetch(`${url}/api/v2/alerts`)).json() as Promise<Shown[]>
  const names = async () => (await shown()).map(({ labels }) => labels['alertname']).sort()

  it('has what fires, with its words, until it is over', async () => {
    const plane = await place.start(
      ['  rules:', alwaysRule, '  receivers:', `    - {name: am, type: alertmanager, urls: ["${url}"]}`, ''].join('\n'),
    )
    await expect.poll(names, { timeout: 20_000 }).toEqual(['Always'])
    expect(await shown()).toMatchObject([
      {
        labels: { alertname: 'Always', severity: 'critical' },
        annotations: { summary: "Conditions of Navarch's own 0 (at least 0)" },
        status: { state: 'active' },
      },
    ])
    expect((await plane.call('GET', '/api/v1/alert-receivers')).body).toMatchObject([
      { name: 'am', type: 'alertmanager', error: '', last_sent_at: expect.any(String) },
    ])
    // A rule of the API takes the place of one of the file only by another name, so silence it: it is told to nobody then.
    await plane.call('POST', '/api/v1/alert-silences', {
      ...{ matchers: [{ label: 'rule', op: '=', value: 'Always' }], reason: 'over', duration_seconds: 600 },
    })
    const rule = { name: 'Second', metric: 'own_problems', condition: 'gte', threshold: 0, severity: 'warning' }
    await plane.call('POST', '/api/v1/alert-rules', rule)
    await expect.poll(names, { timeout: 20_000 }).toEqual(['Second'])
    expect(await plane.call('POST', '/api/v1/alert-receivers/am/test', {})).toMatchObject({ body: { sent: true } })
    expect(await names()).toEqual(['NavarchTest', 'Second'])
  }, 60_000)
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
