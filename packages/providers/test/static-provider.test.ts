import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createManualClock } from '@navarch/system/manual-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hardwareId } from '../src/machine-id.ts'
import { createStaticProvider, type StaticHost } from '../src/static/static-provider.ts'
import { launchRequest, untilDone } from './launch-request.ts'

describe('createStaticProvider', () => {
  let dir: string
  let claimsPath: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'navarch-static-'))
    claimsPath = join(dir, 'claims.json')
  })
  afterEach(() => rm(dir, { recursive: true }))
  const open = (hosts: StaticHost[]) =>
    createStaticProvider({ name: 'rack', hosts, claimsPath, clock: createManualClock() })

  it('tells how to log in on the host that it hands out', async () => {
    const provider = open([{ address: '10.0.0.1', name: 'r1', user: 'admin', port: 2222, instanceType: 'dgx' }])
    const machine = await provider.launch(launchRequest(), untilDone)
    expect(machine).toMatchObject({
      state: 'running',
      address: '10.0.0.1',
      sshPort: 2222,
      sshUser: 'admin',
      instanceType: 'dgx',
    })
    expect(hardwareId(machine.id)).toBe('r1')
  })

  it('says which names its hosts have, and gives a node the host of its name', async () => {
    const provider = open([
      { address: '10.0.0.1' },
      { address: '10.0.0.2', name: 'r1' },
      { address: '10.0.0.3', name: 'r2' },
    ])
    expect(provider.hostNames).toEqual(['r1', 'r2'])
    expect(await provider.launch(launchRequest({ node: 'r2' }), untilDone)).toMatchObject({ address: '10.0.0.3' })
  })

  it('says which hosts are taken and which are excluded when none is free', async () => {
    const provider = open([{ address: '10.0.0.1' }, { address: '10.0.0.2', port: 2222 }])
    await provider.launch(launchRequest(), untilDone)
    const again = launchRequest({ token: 'launch-2', node: 'gpu-node-002', exclude: ['10.0.0.2:2222#launch-0'] })
    await expect(provider.launch(again, untilDone)).rejects.toMatchObject({
      code: 'capacity',
      message:
        'provider rack has no free host for gpu-node-002: 10.0.0.1 is gpu-node-001, 10.0.0.2:2222 is excluded as faulty',
      remedy: expect.stringContaining('providers.rack.hosts'),
    })
  })

  it('never hands out one host twice, however many ask at once', async () => {
    const provider = open(Array.from({ length: 8 }, (_, n) => ({ address: `10.0.0.${n}` })))
    const asked = Array.from({ length: 12 }, (_, n) => provider.launch(launchRequest({ token: `t${n}` }), untilDone))
    const outcomes = await Promise.allSettled(asked)
    const ids = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.address] : []))
    expect(new Set(ids).size).toBe(8)
    expect(ids).toHaveLength(8)
  })

  it('goes on listing and freeing a host that has left the configuration', async () => {
    const { id } = await open([{ address: '10.0.0.1' }]).launch(launchRequest(), untilDone)
    const without = open([])
    expect(await without.list(untilDone)).toMatchObject([{ id, node: 'gpu-node-001' }])
    await without.terminate(id, untilDone)
    expect(await without.list(untilDone)).toEqual([])
  })

  it('refuses to work over a damaged claims file, and keeps it for a person to look at', async () => {
    await writeFile(claimsPath, '{"version": 1, "claims": [{"host": 7}]}')
    await expect(open([{ address: '10.0.0.1' }]).launch(launchRequest(), untilDone)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(claimsPath),
    })
    expect(await readFile(claimsPath, 'utf8')).toContain('"host": 7')
  })
})
