import { createLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../src/operations/engine.ts'
import type { Step } from '../src/operations/step.ts'
import { memoryFleet, nodeDocument } from './memory-fleet.ts'

async function engineWith(step: Step) {
  const clock = createManualClock()
  const { fleet, disk } = await memoryFleet(clock.now)
  const lines: string[] = []
  let ids = 0
  const engine = createEngine({
    fleet,
    clock,
    random: () => 0.5,
    log: createLog((line) => lines.push(line), { now: clock.now, level: 'INFO' }),
    stepOf: () => step,
    rollback: async () => ({ kind: 'done' }),
    onEnd: () => [],
    rejectCooldownMs: () => 3_600_000,
    newId: () => `op${ids++}`,
    signal: new AbortController().signal,
  })
  const start = (kind: 'provision' | 'cordon', node: string) =>
    engine.start({ kind, pool: 'train', node, reason: 'test', initiator: 'operator' })
  return { engine, fleet, clock, disk, lines, start }
}

describe('the engine', () => {
  it('drains a node at once, however many machines are being made', async () => {
    const { start, fleet, clock } = await engineWith(({ operation }) =>
      operation.kind === 'cordon' ? Promise.resolve({ kind: 'done' }) : new Promise(() => {}),
    )
    for (let count = 0; count < 100; count++) await start('provision', `gpu-${count}`)
    const { id } = await start('cordon', 'gpu-faulty')
    await clock.advance(0)
    expect(await fleet.history.operation(id)).toMatchObject({ state: 'succeeded' })
  })

  it('rests between its tries while nothing can be stored', async () => {
    const { start, clock, disk, lines } = await engineWith(async () => ({ kind: 'wait', ms: 1_000, message: '' }))
    await start('cordon', 'gpu-1')
    await clock.advance(0)
    disk.full = true
    await clock.advance(60_000)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThan(20)
  })

  it('looks at a request to cancel as soon as the step that runs is over', async () => {
    let finish = () => {}
    const { start, engine, fleet, clock } = await engineWith(async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return { kind: 'wait', ms: 3_600_000, message: 'capacity' }
    })
    const { id } = await start('provision', 'gpu-1')
    await clock.advance(0)
    await engine.cancel(id)
    finish()
    await clock.advance(10)
    expect(await fleet.history.operation(id)).toMatchObject({ state: 'cancelled' })
  })

  it('does not make a second machine for a node that has one again', async () => {
    const { start, engine, fleet, clock } = await engineWith(async () => ({ kind: 'fail', message: 'no use' }))
    const { id } = await start('provision', 'gpu-1')
    await clock.advance(0)
    expect(await fleet.history.operation(id)).toMatchObject({ state: 'failed' })
    const node = { ...nodeDocument('gpu-1'), machine: { id: 'm1', provider: 'fake', token: 't1' } }
    await fleet.commit([{ kind: 'node', node }])
    await expect(engine.retry(id)).rejects.toThrow(/has a machine again/)
  })
})
