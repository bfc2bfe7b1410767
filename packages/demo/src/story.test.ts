import type { EventJson } from '@navarch/api/rest'
import { describe, expect, it } from 'vitest'
import { createStory } from './story.ts'

let seq = 0
function event(type: string, message: string, second: number, more: Partial<EventJson> = {}): EventJson {
  const at = new Date(Date.UTC(2026, 0, 1, 8, 0, second)).toISOString()
  return { seq: ++seq, at, type, pool: 'train', node: 'train-007', operation: '', message, ...more }
}

/** Without the time, which is of this machine's zone. */
function tell(events: readonly EventJson[], classes: Record<string, string> = {}): string[] {
  const story = createStory({
    colour: false,
    findingOf: (_node, message) => ({ class: classes[message] ?? 'drain-replace', gpu_index: 3 }),
  })
  return events.flatMap((each) => story.tell(each)).map((line) => line.slice(10).replaceAll(/ +/g, ' ').trim())
}

describe('the story', () => {
  it('tells a replacement from the fault to the return, each thing once', () => {
    const operation = { operation: 'op1' }
    expect(
      tell([
        event('finding', 'XID 79: GPU has fallen off the bus', 0),
        event('node-health', 'unhealthy: XID 79', 0),
        event('operation', 'replace started: XID 79: GPU has fallen off the bus', 0, operation),
        event('operation-step', 'drain started', 0, operation),
        event('finding', 'GPU is lost', 1),
        event('operation-step', 'drain succeeded: drained in Slurm', 1, operation),
        event('operation-step', 'wait waiting: waits for jobs 123, 124', 1, operation),
        event('operation-step', 'wait waiting: waits for job 123', 5, operation),
        event('operation-step', 'remove succeeded: machine fake-7 ended', 9, operation),
        event('operation-step', 'provision succeeded: machine fake-41 at 10.0.0.41', 12, operation),
        event('operation-step', 'verify succeeded: 8 GPUs, healthy', 14, operation),
        event('operation-step', 'return succeeded: in service', 15, operation),
      ]),
    ).toEqual([
      'train-007 fault seen XID 79: GPU has fallen off the bus (GPU 3)',
      'train-007 drained drained in Slurm: no new job starts there',
      'train-007 waits for jobs 123, 124 to end',
      'train-007 machine ended fake-7',
      'train-007 new machine fake-41 at 10.0.0.41',
      'train-007 verified 8 GPUs, healthy',
      'train-007 returned in service after 15 s',
    ])
  })

  it('tells what waits for a person, and goes on with it when that person says yes', () => {
    const operation = { operation: 'op1' }
    expect(
      tell([
        event('operation', 'replace waits for approval: XID 64', 0, operation),
        event('operation', 'approved by ana', 5, operation),
        event('operation-step', 'return succeeded: in service', 15, operation),
      ]),
    ).toEqual([
      'train-007 asks replace? (XID 64)',
      'train-007 approved replace by ana',
      'train-007 returned in service after 10 s',
    ])
  })

  it('says why nothing is drained for a fault that asks for nothing', () => {
    const message = 'XID 13: Graphics Engine Exception'
    expect(tell([event('finding', message, 0)], { [message]: 'application' })).toEqual([
      'train-007 fault seen XID 13: Graphics Engine Exception (GPU 3)',
      "the job's own fault, not the GPU's: nothing is drained",
    ])
  })

  it('tells of nodes that come together in one line, when the last of them is in service', () => {
    const start = ['op1', 'op2', 'op3'].map((operation) =>
      event('operation', 'provision started: 3 pending jobs', 0, { operation }),
    )
    const end = (operation: string, message: string) => event('operation-step', message, 4, { operation })
    expect(
      tell([
        event('pool-size', 'scaling up from 0 to 3: 3 pending jobs', 0, { node: '' }),
        ...start,
        end('op1', 'return succeeded: in service'),
        end('op2', 'provision failed: no capacity'),
        end('op3', 'return succeeded: in service'),
      ]),
    ).toEqual([
      'train grows 0 -> 3: 3 pending jobs',
      'train-007 provision failed no capacity',
      'train grown 2 nodes joined: verified and given to Slurm after 4 s',
    ])
  })

  it('counts the nodes that were to be given up and got work in the meantime', () => {
    const start = ['op1', 'op2', 'op3'].map((operation) =>
      event('operation', 'scale-down started: idle', 0, { operation }),
    )
    const end = (operation: string, message: string) => event('operation-step', message, 1, { operation })
    expect(
      tell([
        ...start,
        end('op1', 'drain skipped: the node got a job'),
        end('op2', 'remove succeeded: machine fake-2 ended'),
        end('op3', 'wait skipped: the node got job 123'),
      ]),
    ).toEqual(['train shrunk 1 node left: idle, drained, machine ended; 2 nodes got work in the meantime and stay'])
  })

  it('tells what an operator asks for, and how it ends', () => {
    const operation = { operation: 'op1' }
    expect(
      tell([
        event('operation', 'cordon started: bad cable', 0, operation),
        event('operation-step', 'drain succeeded: drained in Slurm', 1, operation),
      ]),
    ).toEqual(['train-007 cordon bad cable', 'train-007 drained drained in Slurm: no new job starts there'])
  })

  it('shortens what would not fit a line', () => {
    const [line = ''] = tell([event('pool-size', `scaling down from 3 to 2: ${'why '.repeat(60)}`, 0)])
    expect(line).toMatch(/^train shrinks 3 -> 2: why .*…$/)
    expect(line.length).toBeLessThan(140)
  })
})
