import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rejection } from '../pool/pool.ts'
import { decideProposals, isRejected, type SizeProposal } from './decide-proposals.ts'
import type { SizeAction } from './decide-size.ts'

const grow = (count: number, names: string[] = []): SizeAction => ({ kind: 'provision', count, names })
const shrink = (...nodes: string[]): SizeAction => ({ kind: 'scale-down', nodes })
const open = (kind: SizeProposal['kind'], node: string): SizeProposal => ({ id: `op-${node}`, kind, node })
const rejected = (kind: Rejection['kind'], node: string, until = 100): Rejection => ({
  kind,
  node,
  cause: 'jobs wait',
  by: 'ana',
  at: 0,
  until,
})
const decide = (actions: SizeAction[], proposals: SizeProposal[] = [], rejections: Rejection[] = [], now = 10) =>
  decideProposals({ actions, proposals, rejections, now })

describe('proposals of sizes', () => {
  it('are made of what would be done', () => {
    expect(decide([grow(2, ['gpu-7'])])).toMatchObject({ provision: { count: 2, names: ['gpu-7'] }, withdraw: [] })
    expect(decide([shrink('a', 'b')])).toMatchObject({ scaleDown: ['a', 'b'], withdraw: [] })
  })

  it('are made once', () => {
    const two = [open('provision', 'gpu-7'), open('provision', 'gpu-8')]
    expect(decide([grow(2, ['gpu-7'])], two)).toMatchObject({ provision: { count: 0, names: [] }, withdraw: [] })
    expect(decide([shrink('a')], [open('scale-down', 'a')])).toMatchObject({ scaleDown: [], withdraw: [] })
  })

  it('are withdrawn when their cause is gone, the newest first', () => {
    const three = [open('provision', 'a'), open('provision', 'b'), open('provision', 'c')]
    expect(decide([grow(1)], three).withdraw).toEqual(['op-b', 'op-c'])
    expect(decide([], three).withdraw).toEqual(['op-a', 'op-b', 'op-c'])
    expect(decide([shrink('y')], [open('scale-down', 'x'), open('scale-down', 'y')]).withdraw).toEqual(['op-x'])
  })

  it('leave out what was rejected, until its time has passed', () => {
    expect(decide([grow(3)], [], [rejected('provision', 'a'), rejected('provision', 'b')]).provision.count).toBe(1)
    expect(decide([grow(3)], [], [rejected('provision', 'a', 5)]).provision.count).toBe(3)
    expect(decide([shrink('a', 'b')], [], [rejected('scale-down', 'a')]).scaleDown).toEqual(['b'])
  })

  it('forget what was rejected when the need is gone: what comes then is another one', () => {
    const before = decide([grow(1)], [], [rejected('provision', 'a'), rejected('provision', 'b')])
    expect(before.rejections).toHaveLength(1)
    expect(decide([], [], before.rejections).rejections).toEqual([])
    expect(decide([], [], [rejected('scale-down', 'a')]).rejections).toEqual([])
  })

  it('touch no rejection of a repair', () => {
    const repair = rejected('replace', 'gpu-1')
    expect(decide([], [], [repair]).rejections).toEqual([repair])
    expect(decide([], [], [rejected('replace', 'gpu-1', 10)]).rejections).toEqual([])
  })

  it('always add up to what is needed, whatever waits and was rejected', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const nodes = fc.uniqueArray(names)
    fc.assert(
      fc.property(fc.nat(8), nodes, nodes, nodes, nodes, fc.nat(200), (count, shrinking, up, down, no, now) => {
        const proposals = [
          ...up.map((node) => ({ ...open('provision', node), id: `up-${node}` })),
          ...down.map((node) => ({ ...open('scale-down', node), id: `down-${node}` })),
        ]
        const rejections = no.flatMap((node) => [rejected('provision', node), rejected('scale-down', node)])
        const decision = decide([grow(count), shrink(...shrinking)], proposals, rejections, now)
        const left = proposals.filter(({ id }) => !decision.withdraw.includes(id))
        const growth = left.filter(({ kind }) => kind === 'provision').length + decision.provision.count
        const answered = decision.rejections.filter(({ kind }) => kind === 'provision').length
        expect(growth + answered).toBe(count)
        const given = [
          ...left.filter(({ kind }) => kind === 'scale-down').map(({ node }) => node),
          ...decision.scaleDown,
        ]
        expect(new Set(given).size).toBe(given.length)
        for (const node of given) expect(shrinking).toContain(node)
      }),
    )
  })
})

describe('a rejection', () => {
  it('holds for the same thing and cause alone', () => {
    const all = [{ ...rejected('replace', 'gpu-1'), cause: 'XID 48' }]
    expect(isRejected(all, { kind: 'replace', node: 'gpu-1', cause: 'XID 48' }, 99)).toBe(true)
    expect(isRejected(all, { kind: 'replace', node: 'gpu-1', cause: 'XID 48' }, 100)).toBe(false)
    expect(isRejected(all, { kind: 'replace', node: 'gpu-1', cause: 'XID 79' }, 99)).toBe(false)
    expect(isRejected(all, { kind: 'drain', node: 'gpu-1', cause: 'XID 48' }, 99)).toBe(false)
  })
})
