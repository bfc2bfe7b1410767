import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@navarch/system/clock'
import { createManualClock } from '@navarch/system/manual-clock'
import { type RunCommand, runCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNvidiaSmi, parseLook } from './nvidia-smi.ts'
import { createSimulatedGpus } from './simulated-gpus.ts'

const standIn = fileURLToPath(new URL('../bin/fake-nvidia-smi', import.meta.url))

describe('createNvidiaSmi with the stand-in program', () => {
  let folder: string
  let env: Record<string, string>
  const run: RunCommand = (program, args, options) => runCommand(program, args, { ...options, env })
  const say = (state: string) => writeFileSync(join(folder, 'state'), state)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'navarch-smi-'))
    env = { NAVARCH_FAKE_GPU_STATE: join(folder, 'state'), NAVARCH_FAKE_GPU_COUNT: '4' }
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('reads every GPU', async () => {
    const look = await createNvidiaSmi({ run, program: standIn }).look()
    expect(look).toMatchObject({ kind: 'readings', gpus: [{ index: 0 }, { index: 1 }, { index: 2 }, { index: 3 }] })
    if (look.kind !== 'readings') return
    expect(new Set(look.gpus.map((gpu) => gpu.uuid)).size).toBe(4)
    expect(look.gpus[0]).toMatchObject({ driverVersion: '590.48.01', rowRemapPending: false, temperatureCelsius: 33 })
  })

  it('sees what is wrong with one GPU', async () => {
    say('2 gpu_recovery_action Drain and Reset\n2 temperature.gpu 91\n')
    const look = await createNvidiaSmi({ run, program: standIn }).look()
    expect(look).toMatchObject({ gpus: [{}, {}, { recoveryAction: 'Drain and Reset', temperatureCelsius: 91 }, {}] })
  })

  it('names a lost GPU beside those that answer', async () => {
    say('1 lost\n')
    const look = await createNvidiaSmi({ run, program: standIn }).look()
    expect(look).toMatchObject({ gpus: [{ index: 0 }, { lost: true, pciBusId: '00000000:2B:00.0' }, { index: 2 }, {}] })
  })

  it('says what an exit status means', async () => {
    say("exit 9 NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")
    const look = await createNvidiaSmi({ run, program: standIn }).look()
    expect(look).toMatchObject({ kind: 'failed', failure: { kind: 'exit', status: 9, reason: 'driver not loaded' } })
  })

  it('answers at the deadline when the tool does not', async () => {
    const smi = createNvidiaSmi({ run, program: standIn, deadlineMs: 300 })
    say('sleep 3\n')
    expect(await smi.look()).toEqual({ kind: 'failed', failure: { kind: 'stuck', afterMs: 300 } })
    say('')
    expect(await smi.look()).toMatchObject({ kind: 'readings' })
  })

  it('says that the tool is missing', async () => {
    const look = await createNvidiaSmi({ run, program: join(folder, 'nvidia-smi') }).look()
    expect(look).toMatchObject({ kind: 'failed', failure: { kind: 'missing' } })
  })
})

describe('createNvidiaSmi', () => {
  const countCalls = (inner: RunCommand) => {
    const calls: string[] = []
    const run: RunCommand = (program, args, options) => {
      calls.push(args[0]?.split('=')[0] ?? '')
      return inner(program, args, options)
    }
    return { calls, run }
  }

  it('asks for the field names once', async () => {
    const { calls, run } = countCalls(createSimulatedGpus({ clock: systemClock, node: 'n1' }).run)
    const smi = createNvidiaSmi({ run })
    await smi.look()
    await smi.look()
    expect(calls).toEqual(['--help-query-gpu', '--query-gpu', '--query-gpu'])
  })

  it('joins looks that are made at once', async () => {
    const { calls, run } = countCalls(createSimulatedGpus({ clock: systemClock, node: 'n1' }).run)
    const smi = createNvidiaSmi({ run })
    await Promise.all([smi.look(), smi.look(), smi.look()])
    expect(calls).toHaveLength(2)
  })

  it('asks for the names again when the driver was exchanged', async () => {
    let driver = '470.256.02'
    const { calls, run } = countCalls(async (_program, args) => {
      const known = driver.startsWith('470') ? ['index', 'driver_version'] : ['index', 'driver_version', 'pstate']
      const asked = /^--query-gpu=(.*)/.exec(args[0] ?? '')?.[1]?.split(',')
      const values: Record<string, string> = { index: '0', driver_version: driver, pstate: 'P0' }
      const stdout = asked?.map((name) => values[name]).join(', ') ?? known.map((name) => `"${name}"`).join('\n')
      return { code: 0, signal: null, stdout, stderr: '' }
    })
    const smi = createNvidiaSmi({ run })
    await smi.look()
    driver = '590.48.01'
    expect(await smi.look()).toMatchObject({ gpus: [{ performanceState: 'P0' }] })
    expect(calls.filter((call) => call === '--help-query-gpu')).toHaveLength(2)
  })

  it('starts no second process while the first one is stuck in the driver', async () => {
    const clock = createManualClock()
    const gpus = createSimulatedGpus({ clock, node: 'n1' })
    const { calls, run } = countCalls(gpus.run)
    let there = true
    const smi = createNvidiaSmi({ run, stillStuck: async () => there })
    gpus.failure = { kind: 'stuck' }
    const first = smi.look()
    await clock.advance(20_000)
    expect(await first).toMatchObject({ failure: { kind: 'stuck' } })
    const before = calls.length
    expect(await smi.look()).toMatchObject({ failure: { kind: 'stuck' } })
    expect(calls).toHaveLength(before)
    there = false
    gpus.failure = undefined
    expect(await smi.look()).toMatchObject({ kind: 'readings' })
  })
})

describe('parseLook', () => {
  const output = readFileSync(new URL('../fixtures/lost-gpu.csv', import.meta.url), 'utf8')
  const [header = '', ...lines] = output.trim().split('\n')

  it.each([0, 15])('keeps the GPUs that were listed when the tool ends with %i', (code) => {
    const look = parseLook({ code, signal: null, stdout: lines.join('\n'), stderr: '' }, header.split(','))
    expect(look).toMatchObject({ gpus: [{ lost: true, pciBusId: '00000000:1A:00.0' }, { temperatureCelsius: 31 }] })
  })

  it('does not take silence for a machine in order', () => {
    const look = parseLook({ code: 0, signal: null, stdout: '\n', stderr: '' }, ['index'])
    expect(look).toMatchObject({ kind: 'failed', failure: { reason: 'no GPU found' } })
  })
})
