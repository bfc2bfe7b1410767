import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { HostError } from './host-error.ts'
import type { SshSession } from './ssh.ts'
import { waitForSsh } from './wait-for-ssh.ts'

const session: SshSession = {
  user: 'root',
  address: '10.0.0.1',
  run: () => Promise.reject(new Error('not used')),
  writeFile: () => Promise.resolve(),
  close: () => {},
}

function wait(answers: (HostError | SshSession)[], deadlineMs = 600_000) {
  const clock = createManualClock()
  const controller = new AbortController()
  const messages: string[] = []
  let attempts = 0
  const result = waitForSsh({
    connect: async () => {
      const answer = answers[Math.min(attempts++, answers.length - 1)]
      if (answer instanceof HostError) throw answer
      return answer ?? session
    },
    deadlineMs,
    clock,
    random: () => 0.5,
    signal: controller.signal,
    onWait: (message) => messages.push(message),
  })
  result.catch(() => {})
  return { clock, controller, messages, result, attempts: () => attempts }
}

const unreachable = new HostError('unreachable', 'cannot reach root@10.0.0.1:22: connection refused')
const refused = new HostError('auth', 'root@10.0.0.1:22 accepts none of our keys', { remedy: 'Check the key.' })

describe('waitForSsh', () => {
  it('tries until the machine answers, and says what it waits for', async () => {
    const { clock, result, messages } = wait([unreachable, unreachable, session])
    await clock.advance(10_000)
    expect(await result).toBe(session)
    expect(messages).toEqual(Array(2).fill(`waiting for SSH: ${unreachable.message}`))
  })

  it('gives up at the deadline with the last reason', async () => {
    const { clock, result, attempts } = wait([unreachable], 60_000)
    await clock.advance(120_000)
    await expect(result).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('refused') })
    expect(attempts()).toBeLessThan(20)
  })

  it('bears refused keys while the image puts ours in place, and no longer', async () => {
    const later = wait([refused, refused, session])
    await later.clock.advance(10_000)
    expect(await later.result).toBe(session)
    const never = wait([refused])
    await never.clock.advance(120_000)
    await expect(never.result).rejects.toBe(refused)
  })

  it('never tries again when the host key has changed', async () => {
    const changed = new HostError('host-key', 'another key')
    const { result, attempts } = wait([changed, session])
    await expect(result).rejects.toBe(changed)
    expect(attempts()).toBe(1)
  })

  it('ends when it is told to', async () => {
    const { clock, controller, result } = wait([unreachable])
    await clock.advance(1_000)
    controller.abort(new Error('stop'))
    await expect(result).rejects.toThrow('stop')
  })
})
