import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { expect, it } from 'vitest'
import { createProvider, type ProviderSettings } from '../src/create-provider.ts'
import { launchRequest, untilDone } from './launch-request.ts'

const create = (settings: ProviderSettings) =>
  createProvider(settings, { dataDir: '/nonexistent', env: {}, clock: systemClock, fetch, run: runCommand })

it('creates every type without touching anything outside', () => {
  const all: ProviderSettings[] = [
    { name: 'a', type: 'fake' },
    { name: 'b', type: 'static', hosts: [] },
    { name: 'c', type: 'lambda', apiKeyEnv: 'LAMBDA_API_KEY' },
    { name: 'd', type: 'lab', lab: 'lab', gpus: 8 },
    { name: 'e', type: 'gcp' },
  ]
  expect(all.map(create).map(({ name, type }) => [name, type])).toEqual(all.map(({ name, type }) => [name, type]))
})

it.each(['gcp', 'aws', 'coreweave'] as const)('says at every call that %s is not supported yet', async (type) => {
  const provider = create({ name: 'cloud', type })
  const unsupported = { code: 'unsupported', message: expect.stringContaining(type) }
  await expect(provider.launch(launchRequest(), untilDone)).rejects.toMatchObject(unsupported)
  await expect(provider.get('x', untilDone)).rejects.toMatchObject(unsupported)
  await expect(provider.list(untilDone)).rejects.toMatchObject(unsupported)
  await expect(provider.terminate('x', untilDone)).rejects.toMatchObject(unsupported)
})
