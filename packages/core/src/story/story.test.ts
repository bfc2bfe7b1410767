import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finding } from '../../test/builders.ts'
import type { Operation, OperationKind, StepName } from '../operation/operation.ts'
import { operationSteps } from '../operation/operation.ts'
import { gpuLanes, packLanes, type Span, spansOfTurns } from './lanes.ts'
import { type NodeFacts, nodeSentences } from './node-sentences.ts'
import { doneAbout, nextAbout, nextOf } from './operation-words.ts'
import { findingWords } from './xid-words.ts'

function operation(kind: OperationKind, step: StepName, over: Partial<Operation> = {}, message = ''): Operation {
  const names: readonly StepName[] = operationSteps[kind]
  const at = names.indexOf(step)
  return {
    ...{ id: 'op1', kind, pool: 'train', node: 'gpu-3', state: 'running', step, reason: 'XID 79', initiator: 'health' },
    steps: names.map((name, index) => ({
      name,
      state: index < at ? 'succeeded' : index === at ? 'running' : 'pending',
      attempts: 1,
      message: name === step ? message : '',
      ...(index < at && { finishedAt: 1000 * (index + 1) }),
    })),
    ...{ facts: {}, cancelRequested: false, notBefore: 0, createdAt: 0, updatedAt: 9000 },
    ...over,
  }
}

describe('what comes next', () => {
  test.each([
    [operation('replace', 'drain'), 'Navarch drains it in Slurm, then replaces the machine and gives the node back.'],
    [
      operation('replace', 'wait', {}, 'waits for jobs 106, 107'),
      'Navarch waits for jobs 106, 107, then replaces the machine and gives the node back.',
    ],
    [
      operation('replace', 'provision', {}, 'no capacity in r1'),
      'Navarch gets a new machine (no capacity in r1), then checks it and gives the node back.',
    ],
    [operation('replace', 'return'), 'Navarch gives it back to jobs.'],
    [operation('scale-down', 'wait'), 'Navarch waits for its jobs to end, then gives the machine up.'],
    [operation('drain', 'wait'), 'Navarch waits for its jobs to end; then a person must say what becomes of it.'],
    [
      operation('replace', 'drain', { state: 'waiting_for_approval' }),
      'A person must approve or reject it: Navarch would drain the node, wait for its jobs and replace the machine.',
    ],
    [
      operation('replace', 'provision', { state: 'failed' }),
      'The operation failed: a person may retry it, or return the node by hand.',
    ],
  ])('%#', (each, text) => {
    expect(nextOf(each)).toBe(text)
  })

  test.each([
    ['drain-replace', 'A person must repair the node and return it.'],
    ['application', "Nothing: it is the program's fault, and the GPU goes on."],
    ['watch', 'It is watched: nothing is done until it becomes worse.'],
    ['informational', ''],
  ] as const)('about a finding that asks for %s', (kind, text) => {
    expect(nextAbout(finding({ class: kind }), true, undefined)).toBe(text)
    expect(nextAbout(finding({ class: kind }), false, undefined)).toBe('')
  })
})

describe('what was done', () => {
  test('is what the operation did that the finding caused, step by step', () => {
    expect(doneAbout(finding({ at: 0, class: 'drain-replace' }), [operation('replace', 'remove')])).toEqual([
      { at: 1000, text: 'drained in Slurm, so that no new job starts', operation: 'op1' },
      { at: 2000, text: 'its jobs had ended', operation: 'op1' },
    ])
  })
  test('is nothing for what asks for no act, for what people did, and for what was over before', () => {
    const done = [operation('replace', 'remove')]
    expect(doneAbout(finding({ class: 'application' }), done)).toEqual([])
    expect(doneAbout(finding(), [operation('drain', 'wait', { initiator: 'operator' })])).toEqual([])
    expect(doneAbout(finding({ at: 10_000 }), done)).toEqual([])
  })
})

describe('a finding in plain words', () => {
  test.each([
    [{ xid: 79, class: 'drain-replace' }, 'XID 79', 'hardware', /over PCIe/],
    [{ xid: 13, class: 'application' }, 'XID 13', 'application', /program/],
    [{ xid: 119, class: 'drain-reset' }, 'XID 119', 'driver', /GSP/],
    [{ xid: 110, class: 'drain-reset' }, 'XID 110', 'hardware', /Security Fault Error/],
    [{ xid: 9999, class: 'watch' }, 'XID 9999', 'unknown', /does not document/],
    [{ code: 'nvidia-smi-stuck', class: 'drain-reboot' }, 'nvidia-smi hangs', 'driver', /never returns/],
    [{ code: 'sxid-20034', class: 'watch' }, 'SXid 20034', 'hardware', /NVSwitch/],
    [{ code: 'new-check', class: 'watch', message: 'odd' }, 'new-check', 'unknown', /^odd\.$/],
    [{ code: 'toString', class: 'watch', message: 'odd' }, 'toString', 'unknown', /^odd\.$/],
  ] as const)('%j', (over, title, blame, meaning) => {
    const words = findingWords(finding(over))
    expect(words).toMatchObject({ title, blame })
    expect(words.meaning).toMatch(meaning)
  })

  test('property: every XID has a sentence', () => {
    fc.assert(
      fc.property(fc.nat(200), (xid) => {
        expect(findingWords(finding({ xid })).meaning).toMatch(/^[A-Z].*\.$/)
      }),
    )
  })
})

describe('lanes', () => {
  const turn = (at: number, state: string) => ({ at, state, text: '' })
  test('what began before the window counts from its beginning, and the last goes on to its end', () => {
    expect(spansOfTurns([turn(30, 'active'), turn(5, 'draining')], 10, 50)).toEqual([
      { from: 10, to: 30, state: 'draining', text: '', link: '' },
      { from: 30, to: 50, state: 'active', text: '', link: '' },
    ])
  })
  test('of what nothing is known there is a gap', () => {
    expect(spansOfTurns([turn(20, 'a'), turn(30, ''), turn(40, 'a')], 0, 50).map(({ from, to }) => [from, to])).toEqual(
      [
        [20, 30],
        [40, 50],
      ],
    )
  })
  test('a GPU’s faults cut into the time in which it was well', () => {
    const span = (from: number, to: number, state: string): Span => ({ from, to, state, text: '', link: '' })
    const lanes = gpuLanes(
      [0, 1],
      [span(0, 60, 'healthy'), span(60, 100, 'degraded')],
      [{ ...span(20, 30, 'unhealthy'), gpu: 1 }],
    )
    expect(lanes.map(({ lane, spans }) => [lane, spans.map(({ from, to, state }) => [from, to, state])])).toEqual([
      ['GPU 0', [[0, 100, 'healthy']]],
      [
        'GPU 1',
        [
          [0, 20, 'healthy'],
          [20, 30, 'unhealthy'],
          [30, 100, 'healthy'],
        ],
      ],
    ])
  })
  test('property: spans of a lane never overlap and stay within the window', () => {
    const turns = fc.array(
      fc.record({
        at: fc.integer({ min: -50, max: 150 }),
        state: fc.constantFrom('', 'a', 'b'),
        text: fc.constant(''),
      }),
    )
    fc.assert(
      fc.property(turns, (list) => {
        const spans = spansOfTurns(list, 0, 100)
        spans.forEach(({ from, to }, index) => {
          expect(from).toBeGreaterThanOrEqual(spans[index - 1]?.to ?? 0)
          expect(to).toBeGreaterThan(from)
          expect(to).toBeLessThanOrEqual(100)
        })
      }),
    )
  })
  test('property: packed lanes lose nothing that has room and never overlap', () => {
    const span = fc
      .tuple(fc.nat(100), fc.nat(30))
      .map(([from, length]) => ({ from, to: from + length, state: '', text: '', link: '' }))
    fc.assert(
      fc.property(fc.array(span), (list) => {
        const lanes = packLanes('Jobs', list, 1000)
        expect(lanes.reduce((sum, { spans }) => sum + spans.length, 0)).toBe(list.length)
        for (const { spans } of lanes) {
          for (const [index, { from }] of spans.entries()) {
            expect(from).toBeGreaterThanOrEqual(spans[index - 1]?.to ?? 0)
          }
        }
      }),
    )
  })
})

describe('three sentences', () => {
  const facts = (over: Partial<NodeFacts>): NodeFacts => ({
    ...{ id: 'gpu-3', state: 'idle', owner: '', reason: '', health: 'healthy', healthReason: '', gpus: 8 },
    ...{ gpusUsed: 0, jobs: 0, users: [], sinceMs: undefined, finding: undefined, operation: undefined },
    backInMs: undefined,
    ...over,
  })
  const say = (over: Partial<NodeFacts>) => nodeSentences(facts(over))

  test.each<[Partial<NodeFacts>, string, string[]]>([
    [
      { state: 'busy', gpusUsed: 8, jobs: 2, users: ['ana', 'bob'] },
      'good',
      ['gpu-3 has 8 of 8 GPUs busy with 2 jobs of ana and bob, and is healthy.'],
    ],
    [{ sinceMs: 720_000 }, 'good', ['gpu-3 has been idle for 12 min, and is healthy.']],
    [{ health: 'unknown' }, 'good', ['gpu-3 has been idle, and no agent tells how healthy it is.']],
    [
      { state: 'drained', owner: 'person', reason: 'new fan', sinceMs: 7_200_000 },
      'good',
      [
        'gpu-3 has been drained by a person for 2 h: new fan.',
        'It stays so until a person returns it: Navarch does not undo what people did.',
      ],
    ],
    [
      { state: 'down', owner: 'slurm', reason: 'Not responding' },
      'act',
      [
        'gpu-3 has been down in Slurm: Not responding.',
        'Nothing is at it: a person must look why Slurm cannot reach it.',
      ],
    ],
    [
      { state: 'drained', owner: 'navarch', reason: 'XID 79', health: 'unhealthy' },
      'act',
      ['gpu-3 has been drained by Navarch: XID 79.', 'A person must repair it and return it.'],
    ],
    [
      { state: 'unknown', reason: 'Slurm was not seen lately' },
      'unknown',
      ['How gpu-3 is, is not known: Slurm was not seen lately.'],
    ],
  ])('%#', (over, mood, sentences) => {
    expect(say(over)).toEqual({ mood, sentences })
  })

  test('a node that is being replaced: what, why, and what comes next', () => {
    const found = say({
      state: 'draining',
      owner: 'navarch',
      reason: 'XID 79: GPU has fallen off the bus',
      health: 'unhealthy',
      jobs: 1,
      sinceMs: 300_000,
      finding: { title: 'XID 79', meaning: 'The driver cannot reach the GPU.', gpu: 1, count: 3 },
      operation: operation('replace', 'wait', {}, 'waits for job 106'),
      backInMs: 1_200_000,
    })
    expect(found).toEqual({
      mood: 'mending',
      sentences: [
        'gpu-3 has been drained by Navarch for 5 min: XID 79: GPU has fallen off the bus, and 1 job is still there.',
        'XID 79 on GPU 1, seen 3 times: The driver cannot reach the GPU.',
        'Navarch waits for job 106, then replaces the machine and gives the node back. It is expected back in about 20 min.',
      ],
    })
  })
})
