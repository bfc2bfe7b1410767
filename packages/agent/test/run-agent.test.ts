import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeCommandType } from '@navarch/api/control-plane'
import { createLogFileSource } from '@navarch/gpu/log-file'
import { createNvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { createSimulatedGpus } from '@navarch/gpu/simulated-gpus'
import { systemClock } from '@navarch/system/clock'
import { createLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLinkOpener } from '../src/link.ts'
import { readMachine } from '../src/machine.ts'
import { createAgentFiles } from '../src/memory.ts'
import { runAgent } from '../src/run-agent.ts'
import { openSpool } from '../src/spool.ts'
import { type DoubleOptions, startControlPlaneDouble } from './control-plane-double.ts'

const xid = (code: number, bus = '1a') =>
  `NVRM: Xid (PCI:0000:${bus}:00): ${code}, pid=1234, name=python3, text of ${code}\n`

describe('runAgent', () => {
  let folder: string
  let kernelLog: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-agent-'))
    kernelLog = join(folder, 'kern.log')
    await writeFile(kernelLog, '')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const until = (condition: () => unknown) =>
    expect.poll(() => Boolean(condition()), { timeout: 10_000, interval: 5 }).toBe(true)

  async function startAgent(server: string, sampleIntervalMs = 100, now = Date.now, maxBytes?: number) {
    const clock = { ...systemClock, now }
    const stop = new AbortController()
    const stateDir = join(folder, 'state')
    const logLines: string[] = []
    const log = createLog((line) => logLines.push(line), { now: Date.now })
    const simulated = createSimulatedGpus({ clock: systemClock, node: 'n1', count: 2 })
    const machine = await readMachine(systemClock)
    const settings = {
      server,
      nodeId: 'n1',
      provider: 'lab',
      region: '',
      zone: '',
      instanceType: '',
      pool: 'gpu',
      authToken: 'secret',
      kernelLog,
      stateDir,
      sampleIntervalMs,
    }
    const done = runAgent(
      {
        settings,
        machine,
        log,
        version: '1.2.3',
        clock,
        random: () => 0,
        nvidiaSmi: createNvidiaSmi({ run: simulated.run, deadlineMs: 300, signal: stop.signal }),
        kernelLog: createLogFileSource({ clock: systemClock, path: kernelLog, bootedAt: machine.bootedAt }),
        openLink: createLinkOpener({ clock: systemClock, server, authToken: settings.authToken }),
        spool: await openSpool({ path: join(stateDir, 'reports.spool'), log, ...(maxBytes && { maxBytes }) }),
        files: createAgentFiles(stateDir),
      },
      stop.signal,
    )
    const dispose = async () => {
      stop.abort()
      await done
    }
    return { simulated, logLines, stateDir, [Symbol.asyncDispose]: dispose }
  }

  it('registers with its GPUs, its boot and its token', async () => {
    await using server = await startControlPlaneDouble()
    await using _agent = await startAgent(server.url)
    await until(() => server.registrations().length === 1)
    expect(server.headers[0]).toMatchObject({
      ':path': '/navarch.ControlPlaneService/AgentLink',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: 'Bearer secret',
    })
    const [registration] = server.registrations()
    expect(registration).toMatchObject({ nodeId: 'n1', pool: 'gpu', provider: 'lab', agentVersion: '1.2.3' })
    expect(registration?.bootId).not.toBe('')
    expect(registration?.gpus.map((gpu) => gpu.pciBusId)).toEqual(['00000000:1A:00.0', '00000000:2B:00.0'])
    expect(server.messages[0]?.seq).toBe(1n)
  })

  it('beats with readings, and leaves those out that were sent already', async () => {
    await using server = await startControlPlaneDouble()
    await using _agent = await startAgent(server.url, 60_000)
    const beats = () => server.messages.flatMap(({ body }) => (body.case === 'heartbeat' ? [body.value] : []))
    await until(() => beats().length >= 2)
    expect(beats()[0]?.metrics?.gpuMetrics[0]).toMatchObject({
      ...{ temperature: 33, utilizationPercent: 0, powerUsage: 72 },
      ...{ eccUncorrected: 0n, remappedRows: 0, remapPending: false, remapFailed: false },
    })
    expect(beats()[1]?.metrics?.gpuMetrics).toEqual([])
  })

  it('goes on beating when the clock of the machine is set back', async () => {
    let offset = 0
    await using server = await startControlPlaneDouble()
    await using _agent = await startAgent(server.url, 100, () => Date.now() + offset)
    const beats = () => server.messages.filter(({ body }) => body.case === 'heartbeat').length
    await until(() => beats() >= 1)
    offset = -3_600_000
    const before = beats()
    await until(() => beats() >= before + 2)
  })

  it('sends an XID as soon as its line is written, with the GPU that it struck', async () => {
    await using server = await startControlPlaneDouble()
    await using agent = await startAgent(server.url)
    await until(() => server.lastFull())
    await appendFile(kernelLog, xid(79, '2b'))
    await until(() => server.news().length > 0)
    expect(server.news()[0]).toMatchObject({
      source: 'kernel-log',
      code: 'xid-79',
      xid: 79,
      gpuIndex: 1,
      gpuUuid: agent.simulated.gpus[1]?.uuid,
      pciBusId: '00000000:2B:00.0',
      message: 'text of 79',
      evidence: xid(79, '2b').trim(),
    })
  })

  it('says a burst of one fault once', async () => {
    await using server = await startControlPlaneDouble()
    await using _agent = await startAgent(server.url)
    await until(() => server.lastFull())
    await appendFile(kernelLog, xid(31).repeat(500) + xid(48))
    await until(() => server.news().some((finding) => finding.xid === 48))
    expect(server.news().map((finding) => finding.xid)).toEqual([31, 48])
  })

  it('tells of a condition at once, and in full reports for as long as it holds', async () => {
    await using server = await startControlPlaneDouble({ healthCheckSeconds: 1 })
    await using agent = await startAgent(server.url)
    await until(() => server.lastFull()?.length === 0)
    Object.assign(agent.simulated.gpus[0] ?? {}, { recoveryAction: 'Drain and Reset' })
    await until(() => server.news().length > 0)
    expect(server.news()[0]).toMatchObject({ code: 'recovery-action', recoveryAction: 'Drain and Reset', gpuIndex: 0 })
    await until(() => server.lastFull()?.length === 1)
    expect(server.lastFull()?.[0]?.id).toBe(server.news()[0]?.id)
    Object.assign(agent.simulated.gpus[0] ?? {}, { recoveryAction: 'None' })
    await until(() => server.lastFull()?.length === 0)
    expect(server.news()).toHaveLength(1)
  })

  it('reads the kernel log again after it could not be read', async () => {
    await rm(kernelLog)
    await mkdir(kernelLog)
    await using server = await startControlPlaneDouble()
    await using agent = await startAgent(server.url)
    await until(() => agent.logLines.some((line) => line.includes('the kernel log cannot be read')))
    await rm(kernelLog, { recursive: true })
    await writeFile(kernelLog, `${new Date().toISOString()} n1 kernel: ${xid(79)}`)
    await until(() => server.news().some((finding) => finding.xid === 79))
  })

  it('takes a tool that does not answer for a fault, and goes on', async () => {
    await using server = await startControlPlaneDouble()
    await using agent = await startAgent(server.url)
    await until(() => server.lastFull())
    agent.simulated.failure = { kind: 'stuck' }
    await until(() => server.news().some((finding) => finding.code === 'nvidia-smi-stuck'))
    await appendFile(kernelLog, xid(79))
    await until(() => server.news().some((finding) => finding.xid === 79))
  })

  it('sends what waited when the control plane comes back, in order, and then forgets it', async () => {
    let agentPort: number
    {
      await using server = await startControlPlaneDouble()
      agentPort = server.port
    }
    await using agent = await startAgent(`http://127.0.0.1:${agentPort}`)
    await until(() => agent.logLines.some((line) => line.includes('no link to the control plane')))
    await appendFile(kernelLog, xid(48))
    await appendFile(kernelLog, xid(79))
    await until(() => agent.logLines.filter((line) => line.includes('fault found')).length === 2)
    await using server = await startControlPlaneDouble({ port: agentPort })
    await until(() => server.news().length === 2)
    expect(server.news().map((finding) => finding.xid)).toEqual([48, 79])
    await until(async () => (await readFile(join(agent.stateDir, 'reports.spool'))).length === 0)
    server.cut()
    await until(() => server.registrations().length === 2)
    expect(server.news()).toHaveLength(2)
  })

  it('tells what it had no room for, at once and in full reports', async () => {
    const acknowledge: DoubleOptions['acknowledge'] = ({ body }) => body.case !== 'report'
    await using server = await startControlPlaneDouble({ acknowledge, healthCheckSeconds: 1 })
    await using _agent = await startAgent(server.url, 50, Date.now, 500)
    await until(() => server.lastFull())
    for (const code of [48, 63, 74, 79, 95]) await appendFile(kernelLog, xid(code))
    const isLoss = ({ code }: { code: string }) => code === 'records-lost'
    await until(() => server.news().some(isLoss))
    await until(() => server.lastFull()?.some(isLoss))
    expect(server.lastFull()?.find(isLoss)).toMatchObject({
      class: 'watch',
      message: expect.stringMatching(/health report/),
    })
  })

  it('tells what it had no room for until the control plane has confirmed it, and for an hour then', async () => {
    let [hears, offset] = [false, 0]
    const acknowledge: DoubleOptions['acknowledge'] = ({ body }) => hears || body.case === 'register'
    await using server = await startControlPlaneDouble({ acknowledge, healthCheckSeconds: 1 })
    await using _agent = await startAgent(server.url, 50, () => Date.now() + offset, 500)
    const tellsLoss = () => server.lastFull()?.some(({ code }) => code === 'records-lost')
    const links = () => server.registrations().length
    const fullReports = () => server.messages.filter(({ body }) => body.case === 'report' && body.value.full).length
    await until(() => server.lastFull())
    for (const code of [48, 63, 74, 79, 95]) await appendFile(kernelLog, xid(code))
    await until(tellsLoss)

    offset = 2 * 3_600_000
    const [linksBefore] = [links()]
    await until(() => links() > linksBefore)
    let before = fullReports()
    await until(() => fullReports() > before)
    expect(tellsLoss()).toBe(true)

    hears = true
    before = fullReports()
    // The second is sent on a link that has confirmed the first.
    await until(() => fullReports() > before + 1)
    expect(tellsLoss()).toBe(true)
    offset = 4 * 3_600_000
    await until(() => !tellsLoss())
  })

  it('sends what was not confirmed again after a crash of its own, under the same id', async () => {
    let sent: string[]
    {
      await using server = await startControlPlaneDouble({ acknowledge: ({ body }) => body.case !== 'report' })
      await using _agent = await startAgent(server.url)
      await until(() => server.lastFull())
      await appendFile(kernelLog, xid(79))
      await until(() => server.news().length === 1)
      sent = server.newsIds()
    }
    await using server = await startControlPlaneDouble()
    await using _agent = await startAgent(server.url)
    await until(() => server.news().length === 1)
    expect(server.newsIds()).toEqual(sent)
  })

  it('links anew when the control plane falls silent', async () => {
    await using server = await startControlPlaneDouble({ acknowledge: ({ body }) => body.case === 'register' })
    await using agent = await startAgent(server.url)
    await until(() => server.registrations().length === 2)
    expect(agent.logLines.join()).toMatch(/no answer for \d s/)
  })

  it('carries out commands, acknowledges each, and ends no machine', async () => {
    await using server = await startControlPlaneDouble()
    await using _agent = await startAgent(server.url)
    await until(() => server.lastFull())
    const results = () => server.messages.flatMap(({ body }) => (body.case === 'commandResult' ? [body.value] : []))
    for (const [commandId, type] of [
      ['c1', NodeCommandType.CORDON],
      ['c2', NodeCommandType.RUN_DIAGNOSTIC],
      ['c3', NodeCommandType.TERMINATE],
    ] as const) {
      server.say({ body: { case: 'command', value: { commandId, type } } })
      await until(() => results().some((result) => result.commandId === commandId))
    }
    expect(results()).toMatchObject([
      { commandId: 'c1', success: true, nodeId: 'n1' },
      { commandId: 'c2', success: true, message: '2 GPUs, nothing found' },
      { commandId: 'c3', success: false },
    ])
  })

  it('keeps what the control plane says of the node in a file', async () => {
    await using server = await startControlPlaneDouble()
    await using agent = await startAgent(server.url)
    await until(() => server.lastFull())
    server.say({ body: { case: 'state', value: { health: 3, status: 3, healthReason: 'XID 79: lost' } } })
    const state = () => readFile(join(agent.stateDir, 'state.json'), 'utf8').catch(() => '')
    await expect.poll(state, { timeout: 5000 }).toContain('"health":"unhealthy","status":"draining"')
  })

  it.each([
    [{ http: 404 }, 'the server has no agent link'],
    [{ grpc: 12 }, 'the server has no agent link'],
    [{ grpc: 16 }, 'the server refused the token'],
    [{ http: 401 }, 'the server refused the token'],
    [{ http: 503 }, 'HTTP 503'],
  ])('says why a server that answers %j gives no link', async (refuse, message) => {
    await using server = await startControlPlaneDouble({ refuse })
    await using agent = await startAgent(server.url)
    await until(() => agent.logLines.some((line) => line.includes(message)))
  })
})
