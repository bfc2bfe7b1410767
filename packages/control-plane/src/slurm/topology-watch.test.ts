import { SlurmError } from '@navarch/slurm/slurm-error'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import type { TopologyGroup } from '@navarch/slurm/topology'
import { createLog, silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { snapshotOf } from '../../test/slurm-snapshot.ts'
import { placesOf } from './places.ts'
import { watchTopology } from './topology-watch.ts'

const leaf = (name: string, nodes: string): TopologyGroup => ({ kind: 'switch', name, nodes })
const block = (name: string, nodes: string): TopologyGroup => ({ kind: 'block', name, nodes })

describe('the places of nodes', () => {
  it('are the leaf switch of a tree, and the block that is their rack', () => {
    expect([...placesOf([leaf('s0', 'n[1-2]'), block('b0', 'n[2-3]')])]).toEqual([
      ['n1', { rack: '', switch: 's0' }],
      ['n2', { rack: 'b0', switch: 's0' }],
      ['n3', { rack: 'b0', switch: '' }],
    ])
  })

  it('are those of the first of several topologies', () => {
    expect(placesOf([leaf('s0', 'n1'), leaf('t0', 'n1')]).get('n1')).toEqual({ rack: '', switch: 's0' })
  })
})

describe('the watch of the topology', () => {
  function open() {
    const clock = createManualClock()
    const looks = new Set<() => void>()
    const slurm = {
      told: [leaf('s0', 'n1')] as TopologyGroup[] | undefined | Error,
      asked: 0,
      shown: { snapshot: snapshotOf(0, []), ageMs: 0, failures: 0 } as SnapshotView,
    }
    const stopping = new AbortController()
    const lines: string[] = []
    const places = watchTopology(
      {
        onLook(listener) {
          looks.add(listener)
          return () => looks.delete(listener)
        },
        view: () => slurm.shown,
        async topology() {
          slurm.asked++
          if (slurm.told instanceof Error) throw slurm.told
          return slurm.told
        },
      },
      stopping.signal,
      { clock, log: createLog((line) => lines.push(JSON.parse(line).error), clock) },
    )
    const look = async () => {
      for (const listener of looks) listener()
      await clock.advance(0)
    }
    return { clock, slurm, places, look, looks, lines, stop: () => stopping.abort() }
  }

  it('asks with the first look, and then every ten minutes', async () => {
    const { clock, slurm, places, look } = open()
    expect(places().size).toBe(0)
    for (let seconds = 0; seconds < 900; seconds += 30) {
      await look()
      await clock.advance(30_000)
    }
    expect(slurm.asked).toBe(2)
    expect(places().get('n1')).toEqual({ rack: '', switch: 's0' })
  })

  it('gives the same map while nothing changes, and another one when something has', async () => {
    const { clock, slurm, places, look } = open()
    await look()
    const first = places()
    slurm.told = [leaf('s0', 'n1')]
    await clock.advance(600_000)
    await look()
    expect(places()).toBe(first)
    slurm.told = [leaf('s1', 'n1')]
    await clock.advance(600_000)
    await look()
    expect(places().get('n1')?.switch).toBe('s1')
  })

  it('keeps what it knows when Slurm cannot tell, and asks nothing of a Slurm that is away', async () => {
    const { clock, slurm, places, look, looks, stop } = open()
    await look()
    slurm.told = new Error('no answer')
    await clock.advance(600_000)
    await look()
    slurm.shown = { failures: 1, error: new Error('away') as never }
    await clock.advance(600_000)
    await look()
    expect(slurm.asked).toBe(2)
    expect(places().get('n1')?.switch).toBe('s0')
    stop()
    expect(looks.size).toBe(0)
  })

  it('tells once what keeps Slurm from telling, and again when that has changed', async () => {
    const { clock, slurm, look, lines } = open()
    for (const told of [
      new Error('no answer'),
      new Error('no answer'),
      new Error('what is that'),
      [],
      new Error('what is that'),
    ]) {
      slurm.told = told
      await clock.advance(600_000)
      await look()
    }
    expect(slurm.asked).toBe(5)
    expect(lines).toEqual(['no answer', 'what is that', 'what is that'])
  })

  it('asks a Slurm that did not tell again after a minute', async () => {
    const { clock, slurm, places, look } = open()
    slurm.told = new Error('no answer')
    await look()
    slurm.told = [leaf('s0', 'n1')]
    await clock.advance(59_999)
    await look()
    expect(slurm.asked).toBe(1)
    await clock.advance(1)
    await look()
    expect(places().get('n1')?.switch).toBe('s0')
  })

  it('tells why Slurm refused, and asks it again after a minute', async () => {
    const { clock, slurm, places, look, lines } = open()
    slurm.told = new SlurmError('refused', 'scontrol show topology: this function is disabled')
    await look()
    expect(lines).toEqual(['scontrol show topology: this function is disabled'])
    slurm.told = [leaf('s0', 'n1')]
    await clock.advance(60_000)
    await look()
    expect(places().get('n1')?.switch).toBe('s0')
  })

  it('says nothing of a slurmrestd that cannot tell, and asks it no sooner', async () => {
    const { clock, slurm, look, lines } = open()
    slurm.told = undefined
    await look()
    await clock.advance(599_999)
    await look()
    expect([slurm.asked, lines]).toEqual([1, []])
  })

  it('knows no places where there is no Slurm', () => {
    const effects = { clock: createManualClock(), log: silentLog }
    expect(watchTopology(undefined, new AbortController().signal, effects)().size).toBe(0)
  })
})
