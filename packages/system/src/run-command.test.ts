import { describe, expect, it } from 'vitest'
import { CommandOutputError, CommandStartError, CommandTimeoutError, runCommand } from './run-command.ts'

const deadlineMs = 10_000

describe('runCommand', () => {
  it('gives what a command printed and how it ended, whatever its status', async () => {
    const result = await runCommand('sh', ['-c', 'cat; echo problem >&2; exit 3'], { deadlineMs, input: 'text' })
    expect(result).toEqual({ code: 3, signal: null, stdout: 'text', stderr: 'problem\n' })
  })

  it.each(['/nonexistent/program', '/dev/null/program', 'name\0with a null'])(
    'says that %j cannot be run',
    async (program) => {
      await expect(runCommand(program, [], { deadlineMs })).rejects.toBeInstanceOf(CommandStartError)
    },
  )

  it('answers at the deadline', async () => {
    await expect(runCommand('sleep', ['60'], { deadlineMs: 20 })).rejects.toBeInstanceOf(CommandTimeoutError)
  })

  it('says when what it gave up on is gone', async () => {
    const error = await runCommand('sleep', ['60'], { deadlineMs: 20 }).catch((reason: unknown) => reason)
    if (!(error instanceof CommandTimeoutError)) throw error
    await error.ended
  })

  it('ends with the reason of the signal', async () => {
    const stop = new AbortController()
    const running = runCommand('sleep', ['60'], { deadlineMs, signal: stop.signal })
    stop.abort(new Error('no longer wanted'))
    await expect(running).rejects.toThrow('no longer wanted')
  })

  it('refuses more output than is allowed', async () => {
    const running = runCommand('sh', ['-c', 'yes'], { deadlineMs, maxOutputBytes: 1000 })
    await expect(running).rejects.toBeInstanceOf(CommandOutputError)
  })
})
