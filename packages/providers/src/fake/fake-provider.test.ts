import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { launchRequest, untilDone } from '../../test/launch-request.ts'
import { ProviderError } from '../provider.ts'
import { createFakeProvider } from './fake-provider.ts'

it('boots for as long as it is told, and has no address until then', async () => {
  const clock = createManualClock()
  const provider = createFakeProvider({ name: 'fake', clock, bootDelayMs: 5_000 })
  const { id, address } = await provider.launch(launchRequest(), untilDone)
  expect(address).toBeUndefined()
  await clock.advance(4_999)
  expect(await provider.get(id, untilDone)).toMatchObject({ state: 'pending' })
  await clock.advance(1)
  expect(await provider.get(id, untilDone)).toMatchObject({ state: 'running', address: '10.0.0.1' })
})

it('tells of each machine made and ended, once', async () => {
  const seen: string[] = []
  const provider = createFakeProvider({
    name: 'fake',
    clock: createManualClock(),
    onLaunch: (machine, request) => seen.push(`+${machine.id} ${request.node}`),
    onTerminate: (id) => seen.push(`-${id}`),
  })
  for (let times = 0; times < 2; times++) await provider.launch(launchRequest(), untilDone)
  for (let times = 0; times < 2; times++) await provider.terminate('fake-1', untilDone)
  expect(seen).toEqual(['+fake-1 gpu-node-001', '-fake-1'])
})

it('fails as scripted, once each, and for want of capacity', async () => {
  const provider = createFakeProvider({ name: 'fake', clock: createManualClock(), capacity: 1 })
  provider.failNext('launch', new ProviderError('quota', 'scripted'))
  await expect(provider.launch(launchRequest(), untilDone)).rejects.toMatchObject({ code: 'quota' })
  await provider.launch(launchRequest(), untilDone)
  await expect(provider.launch(launchRequest({ token: 'launch-2' }), untilDone)).rejects.toMatchObject({
    code: 'capacity',
  })
})
