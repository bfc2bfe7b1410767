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
    expect(choice).toMatchObject({ use: false, warning: expect.stringContaining('scontrol is not in the PATH') })
  })

  it('goes without Slurm where the commands have no slurm.conf', async () => {
    writeFileSync(join(dir, 'scontrol'), '', { mode: 0o755 })
    const choice = await findSlurm(auto, { PATH: dir, SLURM_CONF: join(dir, 'slurm.conf') })
    expect(choice).toMatchObject({ use: false, warning: expect.stringContaining('there is no slurm.conf') })
  })

  it('uses what is there', async () => {
    writeFileSync(join(dir, 'scontrol'), '', { mode: 0o755 })
    writeFileSync(join(dir, 'slurm.conf'), '')
    expect(await findSlurm(auto, { PATH: dir, SLURM_CONF: join(dir, 'slurm.conf') })).toEqual({ use: true })
  })

  it('uses Slurm wherever the configuration names its folder or file', async () => {
    expect(await findSlurm({ ...auto, bin: dir }, {})).toEqual({ use: true })
    expect(await findSlurm({ ...auto, conf: join(dir, 'slurm.conf') }, {})).toEqual({ use: true })
  })
})

describe('slurm.driver', () => {
  it('none is none, and cli is a wish that shows when it cannot be met', async () => {
    expect(await findSlurm({ ...auto, driver: 'none' }, {})).toEqual({ use: false })
    expect(await findSlurm({ ...auto, driver: 'cli' }, {})).toEqual({ use: true })
  })

  it('rest is accepted and not active yet', async () => {
    const choice = await findSlurm({ ...auto, driver: 'rest' }, {})
    expect(choice).toMatchObject({ use: true, warning: expect.stringContaining('not active yet') })
  })
})
