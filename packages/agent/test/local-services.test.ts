import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveAgentSocket } from '../src/agent-socket.ts'
import { encodeEnvelope } from '../src/envelope.ts'
import type { JobEventJson } from '../src/jobs/hook-event.ts'
import { openLocalServices } from '../src/local-services.ts'
import { healthReport } from '../src/messages.ts'
import { createNodeFiles } from '../src/node-files.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'navarch-run-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('what the agent keeps on its disk', () => {
  it('gives up readings of jobs for reports of health where the disk is full', async () => {
    const readings = join(folder, 'jobs/readings')
    mkdirSync(readings, { recursive: true })
    writeFileSync(join(readings, '000000000001.samples'), encodeEnvelope(Buffer.from('a reading')))
    const fresh = join(folder, 'reports.spool.new')
    // What it cannot open at all it makes anew with the next report.
    mkdirSync(fresh)
    const machine = {
      ...{ hostname: 'n1', internalIp: '', kernelVersion: '', bootId: 'boot', bootedAt: 0 },
      load: async () => ({}),
    }
    const settings = {
      ...{ server: '', nodeId: 'n1', provider: '', region: '', zone: '', instanceType: '', pool: '' },
      ...{ authToken: undefined, kernelLog: undefined, stateDir: folder, sampleIntervalMs: 50 },
      ...{ hooksDir: undefined, runDir: undefined, gpuJobsDir: undefined },
    }
    const here = { clock: systemClock, log: silentLog, run: () => Promise.reject(new Error('no commands here')) }
    const { spool, jobs } = await openLocalServices(settings, machine, here, { version: '1', readsKernelLog: false })
    rmdirSync(fresh)
    symlinkSync('/dev/full', fresh)
    await spool.add(healthReport('n1', 'n1/1', [], false))
    expect(readdirSync(readings)).toEqual([])
    expect(jobs.lost().readings).toBe(1)
    await spool.close()
  })
})

describe("the agent's socket", () => {
  async function serve(
    node: string | undefined,
    addEvent: (event: JobEventJson) => Promise<void> = async () => {},
    clock: Clock = systemClock,
  ) {
    const stop = new AbortController()
    const path = join(folder, 'agent.sock')
    const done = serveAgentSocket({ path, clock, log: silentLog }, { nodeJson: () => node, addEvent }, stop.signal)
    await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.mode ?? 0).toBe(0o140660)
    const call = (method: string, url: string, body = '') =>
      new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
        const onResponse = async (response: IncomingMessage) => {
          const text = (await response.toArray()).join('')
          resolve({ status: response.statusCode, body: JSON.parse(text) })
        }
        request({ socketPath: path, method, path: url }, (response) => void onResponse(response))
          .on('error', reject)
          .end(body)
      })
    const end = async () => {
      stop.abort()
      await done
    }
    return { call, [Symbol.asyncDispose]: end }
  }

  it('tells of the node from memory, and says so while it does not know', async () => {
    {
      await using socket = await serve('{"id":"n1","health":"healthy"}')
      expect(await socket.call('GET', '/v1/node')).toEqual({ status: 200, body: { id: 'n1', health: 'healthy' } })
    }
    await using socket = await serve(undefined)
    expect(await socket.call('GET', '/v1/node')).toMatchObject({ status: 503, body: { error: 'unavailable' } })
  })

  it('answers an event when it is safe', async () => {
    const kept: JobEventJson[] = []
    await using socket = await serve(undefined, async (event) => void kept.push(event))
    const event = { job_id: '7', user: 'ann', node_list: ['n1'], timestamp: '2026-11-21T00:00:00Z', newer_key: 1 }
    const answer = await socket.call('POST', '/v1/events/job-started', JSON.stringify(event))
    expect(answer).toMatchObject({ status: 200, body: { status: 'created', job_id: '7' } })
    expect(kept).toEqual([{ ...event, event: 'started' }])
  })

  it('refuses an event that is safe nowhere in time: its sender has it still', async () => {
    const clock = createManualClock()
    const asked = Promise.withResolvers<void>()
    const never = new Promise<void>(() => {})
    await using socket = await serve(
      undefined,
      () => {
        asked.resolve()
        return never
      },
      clock,
    )
    const answer = socket.call('POST', '/v1/events/job-started', '{"job_id":"7"}')
    await asked.promise
    await clock.advance(5000)
    expect(await answer).toMatchObject({ status: 503, body: { error: 'unavailable' } })
  })

  it.each([
    ['{"job_id":', 'the body is no JSON'],
    ['[]', 'the body must be a JSON object'],
    ['{"job_id":7}', 'job_id: must be text of 1 to 255 characters'],
    [`{"job_id":"${'x'.repeat(70_000)}"}`, 'the body is larger than 65536 bytes'],
  ])('refuses %.20s and keeps nothing', async (body, message) => {
    const kept: JobEventJson[] = []
    await using socket = await serve(undefined, async (event) => void kept.push(event))
    const answer = await socket.call('POST', '/v1/events/job-finished', body)
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'validation_error', message: expect.stringContaining(message) },
    })
    expect(kept).toEqual([])
  })

  it('names what there is to whoever asks for something else', async () => {
    await using socket = await serve(undefined)
    expect(await socket.call('GET', '/v1/jobs')).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('POST /v1/events/job-started') },
    })
  })
})

describe("the node's files", () => {
  /** As the executable `navarch` asks: newer than a process that has just begun. */
  const isGood = (path: string) =>
    execFileSync('/bin/sh', ['-c', `[ "${path}" -nt /proc/$$ ] && echo good || echo old`])
      .toString()
      .trim() === 'good'
  const path = () => join(folder, 'node-n1.json')
  const text = () => (statSync(path(), { throwIfNoEntry: false }) ? readFileSync(path(), 'utf8') : '')

  it('hold what navarch prints, under every name, and are good for some minutes', async () => {
    const files = createNodeFiles({ folder, names: ['n1', 'n1.example'], clock: systemClock, log: silentLog })
    files.update('{"id":"n1","gpus":[]}')
    await expect.poll(text).toBe('{\n  "id": "n1",\n  "gpus": []\n}\n')
    await expect
      .poll(() => statSync(join(folder, 'node-n1.example.json'), { throwIfNoEntry: false })?.size)
      .toBeGreaterThan(10)
    expect(isGood(path())).toBe(true)
    utimesSync(path(), Date.now() / 1000 - 1, Date.now() / 1000 - 1)
    expect(isGood(path())).toBe(false)
    await files.close()
    expect(statSync(path(), { throwIfNoEntry: false })).toBeUndefined()
  })

  it('are renewed while the link is alive, and only then', async () => {
    const clock = createManualClock()
    const files = createNodeFiles({ folder, names: ['n1'], clock, log: silentLog })
    const goodUntil = () => statSync(path(), { throwIfNoEntry: false })?.mtimeMs
    files.refresh()
    files.update('{"id":"n1"}')
    await expect.poll(goodUntil).toBe(clock.now() + 180_000)
    await clock.advance(60_000)
    expect(goodUntil()).toBe(clock.now() + 120_000)
    files.refresh()
    await expect.poll(goodUntil).toBe(clock.now() + 180_000)
    await files.close()
  })
})
