import { systemClock } from '@navarch/system/clock'
import { expect, it } from 'vitest'
import { createNvidiaSmi } from './nvidia-smi.ts'
import { createSimulatedGpus } from './simulated-gpus.ts'

it('shows what its state says, with UUIDs that no other node has', async () => {
  const one = createSimulatedGpus({ clock: systemClock, node: 'n1', name: 'NVIDIA H200', count: 2 })
  const other = createSimulatedGpus({ clock: systemClock, node: 'n2', count: 2 })
  const smi = createNvidiaSmi({ run: one.run })
  Object.assign(one.gpus[0] ?? {}, { temperatureCelsius: 84, rowRemapPending: true, mig: true })
  Object.assign(one.gpus[1] ?? {}, { lost: true })
  const look = await smi.look()
  expect(look).toMatchObject({
    gpus: [
      { temperatureCelsius: 84, temperatureMarginCelsius: 2, memoryTotalBytes: 143_771 * 1024 ** 2 },
      { lost: true },
    ],
  })
  expect(look.kind === 'readings' && look.gpus[0]).not.toHaveProperty('rowRemapPending')
  expect(one.gpus.map((gpu) => gpu.uuid)).not.toContain(other.gpus[0]?.uuid)
  expect(one.gpus[0]?.uuid).toMatch(/^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})
