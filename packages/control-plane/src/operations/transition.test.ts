import { describe, expect, it } from 'vitest'
import { currentStep, newOperation } from './new-operation.ts'
import { afterLook, afterRollback, begin, isExpired, rollBack, startOver } from './transition.ts'

const replace = () =>
  newOperation('op1', 1_000, { kind: 'replace', pool: 'train', node: 'gpu-1', reason: 'XID 79', initiator: 'health' })
const done = { kind: 'done' } as const

describe('an operation', () => {
  it('begins its first step with one try', () => {
    const begun = begin(replace(), 2_000)
    expect(currentStep(begun)).toMatchObject({ name: 'drain', state: 'running', startedAt: 2_000, attempts: 1 })
    expect(begin(begun, 9_000)).toBe(begun)
  })

  it('goes through the steps of its kind and succeeds after the last', () => {
    let operation = replace()
    const names: string[] = []
    while (operation.state === 'running') {
      names.push(operation.step)
      operation = afterLook(begin(operation, 2_000), done, 3_000, 0)
    }
    expect(names).toEqual(['drain', 'wait', 'remove', 'provision', 'bootstrap', 'register', 'verify', 'return'])
    expect(operation.state).toBe('succeeded')
  })

  it('waits without counting a try, and retries with counting one', () => {
    const waiting = afterLook(begin(replace(), 2_000), { kind: 'wait', ms: 500, message: 'job 7' }, 3_000, 0)
    expect(waiting).toMatchObject({ state: 'waiting', notBefore: 3_500 })
    expect(currentStep(waiting)).toMatchObject({ attempts: 1, message: 'job 7' })
    const retried = afterLook(waiting, { kind: 'retry', message: 'no answer' }, 4_000, 8_000)
    expect(retried).toMatchObject({ state: 'waiting', notBefore: 12_000 })
    expect(currentStep(retried).attempts).toBe(2)
  })

  it('expires by its own start, not by its last look', () => {
    const waiting = afterLook(begin(replace(), 0), { kind: 'wait', ms: 1, message: '' }, 1, 0)
    expect(isExpired(waiting, 24 * 3_600_000)).toBe(false)
    expect(isExpired(waiting, 24 * 3_600_000 + 1)).toBe(true)
  })

  it('ends at once when nothing was done', () => {
    expect(rollBack(begin(replace(), 1), 'no use', 'fail', 2)).toMatchObject({ state: 'failed' })
  })

  it('takes its machine back before it ends, and remembers that it must', () => {
    const launched = { ...begin(replace(), 1), facts: { token: 't1', machineId: 'm1' } }
    const rolling = rollBack(launched, 'no use', 'fail', 2)
    expect(rolling).toMatchObject({
      state: 'running',
      facts: { token: 't1', rollback: { message: 'no use', end: 'fail' } },
    })
    expect(afterRollback(rolling, 'no use', 'fail', 3)).toMatchObject({ state: 'failed', facts: { rounds: 1 } })
  })

  it('starts over at `provision` with a clean slate', () => {
    const verifying = {
      ...replace(),
      step: 'verify' as const,
      facts: {
        token: 't1',
        machineId: 'm1',
        address: 'a',
        oldMachineId: 'm0',
        rollback: { message: 'x', end: 'again' as const },
      },
    }
    const again = afterRollback(verifying, 'faulty', 'again', 5)
    expect(again).toMatchObject({ state: 'running', step: 'provision', facts: { oldMachineId: 'm0', rounds: 1 } })
    expect(again.facts).not.toHaveProperty('token')
    expect(currentStep(again)).toMatchObject({ state: 'pending', attempts: 0, message: 'again, since: faulty' })
  })

  it('gives up for good after three machines', () => {
    const third = { ...begin(replace(), 1), facts: { token: 't3', rounds: 2 } }
    expect(afterLook(third, { kind: 'give-up', message: 'faulty' }, 2, 0).facts.rollback?.end).toBe('fail')
    const second = { ...third, facts: { token: 't2', rounds: 1 } }
    expect(afterLook(second, { kind: 'give-up', message: 'faulty' }, 2, 0).facts.rollback?.end).toBe('again')
  })

  it.each([
    ['bootstrap', {}, 'provision'],
    ['verify', { oldToken: 't0' }, 'provision'],
    ['remove', { oldToken: 't0' }, 'remove'],
    ['remove', {}, 'drain'],
    ['wait', { drainOwned: true }, 'drain'],
  ] as const)('that failed at `%s` with %o begins again at `%s`', (step, facts, first) => {
    const failed = { ...replace(), step, facts, state: 'failed' as const, cancelRequested: true }
    const again = startOver(failed, 9)
    expect(again).toMatchObject({ state: 'running', step: first, facts, cancelRequested: false, notBefore: 9 })
    expect(currentStep(again)).toMatchObject({ state: 'pending', attempts: 0 })
  })
})
