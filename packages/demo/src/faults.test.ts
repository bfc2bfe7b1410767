import { createKernelLogParser } from '@navarch/gpu/kernel-log-line'
import { createNvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { createSimulatedGpus } from '@navarch/gpu/simulated-gpus'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import type { SimulatedHost } from './agents.ts'
import { type Candidate, chooseVictim, type FaultKind, faultTime, injectFault, usualSchedule } from './faults.ts'

const clock = createManualClock()

function hostOf(node: string, bootedAt = 0): SimulatedHost & { lines: string[] } {
  const lines: string[] = []
  return {
    node,
    machineId: `machine-${node}`,
    bootedAt,
    simulated: createSimulatedGpus({ clock, node }),
    kernelLog: { source: () => Promise.resolve(), write: (text) => void lines.push(text) },
    lines,
  }
}

function candidate(name: string, busyForMs?: number, node: Partial<Candidate['node']> = {}, bootedAt = 0): Candidate {
  const good = { status: 'active', health: 'healthy', health_events: [] } as const
  return { host: hostOf(name, bootedAt), node: { ...good, operations: [], ...node }, busyForMs }
}

/** What the agent's own parsers make of a fault. */
async function symptoms(kind: FaultKind) {
  const host = hostOf('n1')
  injectFault(kind, host, () => 0.5)
  const parse = createKernelLogParser()
  const xids = host.lines.map((line) => {
    const event = parse(line)
    return event?.kind === 'xid' ? [event.xid, event.pciBusId] : undefined
  })
  const looking = createNvidiaSmi({ run: host.simulated.run, deadlineMs: 1000 }).look()
  await clock.advance(1000)
  const look = await looking
  return { xids, gpu: look.kind === 'readings' ? look.gpus[4] : undefined, look, bus: host.simulated.gpus[4]?.pciBusId }
}

describe('faults', () => {
  it('show as the driver would show them', async () => {
    const lost = await symptoms('off-the-bus')
    expect(lost).toMatchObject({ xids: [[79, lost.bus]], gpu: { lost: true } })
    const application = await symptoms('application')
    expect(application.xids).toEqual([[13, application.bus]])
    expect(await symptoms('double-bit-ecc')).toMatchObject({
      gpu: { eccUncorrectedVolatile: 1 },
      xids: [[48, lost.bus]],
    })
    expect(await symptoms('nvidia-smi-stuck')).toMatchObject({ look: { kind: 'failed', failure: { kind: 'stuck' } } })
    expect(await symptoms('row-remap-failure')).toMatchObject({
      gpu: { rowRemapFailure: true },
      xids: [[64, lost.bus]],
    })
    expect((await symptoms('thermal')).gpu?.temperatureMarginCelsius).toBe(1)
  })

  it('strike the host whose job ends first, but not at once', () => {
    const candidates = [candidate('late', 60_000), candidate('idle'), candidate('soon', 9_000), candidate('over', 500)]
    expect(chooseVictim('off-the-bus', candidates)?.node).toBe('soon')
    expect(chooseVictim('off-the-bus', [candidate('idle')])?.node).toBe('idle')
  })

  it('strike nobody who is not in good service', () => {
    const candidates = [
      candidate('drained', 9_000, { status: 'drained' }),
      candidate('ill', 9_000, { health: 'degraded' }),
      candidate('in-hand', 9_000, { operations: ['op1'] }),
      candidate('marked', 9_000, { health_events: [{ active: true }] }),
    ]
    expect(chooseVictim('application', candidates)).toBeUndefined()
  })

  it('spare the host whose job goes on for hours', () => {
    const long = candidate('long', 4 * 3_600_000)
    expect(chooseVictim('off-the-bus', [long, candidate('soon', 9_000)])?.node).toBe('soon')
    expect(chooseVictim('off-the-bus', [long, candidate('idle')])?.node).toBe('idle')
    expect(chooseVictim('off-the-bus', [long])).toBeUndefined()
  })

  it('let heat strike the youngest machine', () => {
    const candidates = [candidate('old', 9_000, {}, 1_000), candidate('young', undefined, {}, 2_000)]
    expect(chooseVictim('thermal', candidates)?.node).toBe('young')
  })

  it('come within 20 s first, and then about every minute', () => {
    const times = [0, 1, 2, 3].map((number) => faultTime(usualSchedule, number))
    expect(times[0]).toBeLessThanOrEqual(20_000)
    expect(times.slice(2).map((time, index) => time - (times[index + 1] ?? 0))).toEqual([60_000, 60_000])
  })
})
