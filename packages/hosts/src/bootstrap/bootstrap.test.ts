import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { HostError } from '../host-error.ts'
import type { SshSession } from '../ssh.ts'
import type { RunResult } from '../ssh-run.ts'
import { bootstrap } from './bootstrap.ts'
import { type BootstrapStep, commandSteps } from './bootstrap-step.ts'

const done: RunResult = { exitCode: 0, signal: undefined, stdout: '', stderr: '', durationMs: 0 }
const run = (name: string, script: string): BootstrapStep => ({ kind: 'run', name, script })

function setUp(answer: (script: string) => Partial<RunResult> | Error) {
  const ran: string[] = []
  const deadlines: number[] = []
  const session: SshSession = {
    user: 'root',
    address: '10.0.0.1',
    async run(script, { deadlineMs }) {
      ran.push(script)
      deadlines.push(deadlineMs)
      const result = answer(script)
      if (result instanceof Error) throw result
      return { ...done, ...result }
    },
    async writeFile(path) {
      ran.push(`write ${path}`)
    },
    close: () => {},
  }
  const start = (steps: BootstrapStep[], more: { redact?: string[]; signal?: AbortSignal } = {}) =>
    bootstrap({
      node: 'gpu-001',
      pool: 'gpu',
      steps,
      session,
      sshWaitMs: 1234,
      redact: [],
      clock: createManualClock(1_000),
      signal: new AbortController().signal,
      ...more,
    })
  return { ran, deadlines, start }
}

describe('bootstrap', () => {
  it('does all steps in order, five minutes each at most, and logs them', async () => {
    const { ran, deadlines, start } = setUp(() => ({ stdout: 'ok\n' }))
    const log = await start([run('a', 'one'), run('b', 'two')])
    expect(ran).toEqual(['one', 'two'])
    expect(deadlines).toEqual([300_000, 300_000])
    expect(log).toMatchObject({
      node: 'gpu-001',
      pool: 'gpu',
      startedAt: 1_000,
      sshWaitMs: 1234,
      success: true,
      error: '',
    })
    expect(log.commands).toMatchObject([
      { command: 'one', stdout: 'ok\n', exitCode: 0 },
      { command: 'two', stdout: 'ok\n', exitCode: 0 },
    ])
  })

  it('stops at the first step that fails and says which and why', async () => {
    const { ran, start } = setUp((script) => (script === 'two' ? { exitCode: 100, stderr: 'a\nE: no slurmd\n' } : {}))
    const log = await start([run('a', 'one'), run('install', 'two'), run('c', 'three')])
    expect(ran).toEqual(['one', 'two'])
    expect(log).toMatchObject({ success: false, error: 'install: exit status 100: E: no slurmd' })
    expect(log.commands).toHaveLength(2)
  })

  it('keeps what a killed step had printed', async () => {
    const killed = new HostError('timeout', 'not finished', { output: { stdout: 'half', stderr: '' } })
    const log = await setUp(() => killed).start([run('slow', 'sleep')])
    expect(log).toMatchObject({ success: false, error: 'slow: not finished' })
    expect(log.commands).toMatchObject([{ stdout: 'half', exitCode: undefined }])
  })

  it('logs neither the content of files nor any secret', async () => {
    const { ran, start } = setUp(() => ({ exitCode: 1, stdout: 'token=s3cret', stderr: 'bad s3cret' }))
    const log = await start(
      [
        { kind: 'write', name: 'key', path: '/etc/munge/munge.key', content: 'the-key', mode: 0o400 },
        run('use', 'curl -H s3cret'),
      ],
      { redact: ['s3cret'] },
    )
    expect(ran).toEqual(['write /etc/munge/munge.key', 'curl -H s3cret'])
    expect(log.commands[0]?.command).toBe('write /etc/munge/munge.key (7 bytes, mode 0400)')
    expect(JSON.stringify(log)).not.toMatch(/s3cret|the-key/)
  })

  it('ends with the reason when it is told to stop', async () => {
    const controller = new AbortController()
    const { ran, start } = setUp(() => {
      controller.abort(new Error('stop'))
      return {}
    })
    await expect(start([run('a', 'one'), run('b', 'two')], { signal: controller.signal })).rejects.toThrow('stop')
    expect(ran).toEqual(['one'])
  })
})

describe('commandSteps', () => {
  it('renders every command before any runs', () => {
    const values = {
      ControlPlane: 'http://c:1',
      NodeID: 'n1',
      Pool: 'p',
      Provider: 'x',
      Region: 'r',
      InstanceType: 't',
    }
    expect(commandSteps(['echo {{.NodeID}}'], values)).toEqual([
      { kind: 'run', name: 'command 1 of 1', script: 'echo n1' },
    ])
    expect(() => commandSteps(['true', 'echo\n{{.Node}}'], values)).toThrow('command 2, line 2: unknown variable')
  })
})
