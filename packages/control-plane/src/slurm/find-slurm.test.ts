import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SlurmSpec } from '@navarch/config/navarch-config'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findSlurm } from './find-slurm.ts'

const auto: SlurmSpec = { driver: 'auto', tokenEnv: 'SLURM_JWT', pollIntervalMs: 15_000 }
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-find-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('slurm.driver auto', () => {
  it('goes without Slurm where its commands are not installed', async () => {
    const choice = await findSlurm(auto, { PATH: dir })
    expect(choice).toMatchObject({ warning: expect.stringContaining('scontrol is not in the PATH') })
  })

  it('goes without Slurm where the commands have no slurm.conf', async () => {
    writeFileSync(join(dir, 'scontrol'), '', { mode: 0o755 })
    const choice = await findSlurm(auto, { PATH: dir, SLURM_CONF: join(dir, 'slurm.conf') })
    expect(choice).toMatchObject({ warning: expect.stringContaining('there is no slurm.conf') })
  })

  it('uses what is there', async () => {
    writeFileSync(join(dir, 'scontrol'), '', { mode: 0o755 })
    writeFileSync(join(dir, 'slurm.conf'), '')
    expect(await findSlurm(auto, { PATH: dir, SLURM_CONF: join(dir, 'slurm.conf') })).toEqual({ driver: 'cli' })
  })

  it('uses Slurm wherever the configuration names its folder or file', async () => {
    expect(await findSlurm({ ...auto, bin: dir }, {})).toEqual({ driver: 'cli' })
    expect(await findSlurm({ ...auto, conf: join(dir, 'slurm.conf') }, {})).toEqual({ driver: 'cli' })
  })
})

describe('slurm.driver', () => {
  it('none is none, and cli is a wish that shows when it cannot be met', async () => {
    expect(await findSlurm({ ...auto, driver: 'none' }, {})).toEqual({})
    expect(await findSlurm({ ...auto, driver: 'cli' }, {})).toEqual({ driver: 'cli' })
  })

  it('rest is slurmrestd, where its address is set', async () => {
    const rest: SlurmSpec = { ...auto, driver: 'rest' }
    expect(await findSlurm({ ...rest, restUrl: 'http://slurm:6820' }, {})).toEqual({ driver: 'rest' })
    expect(await findSlurm(rest, {})).toEqual({ warning: expect.stringContaining('slurm.rest_url is not set') })
  })
})
