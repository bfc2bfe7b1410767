import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { describe, expect, it } from 'vitest'
import { contentOf, fileOf, fill, useStores } from '../test/stores.ts'
import { restoreOffline } from './restore-offline.ts'

const { dir, makePlace, open } = useStores()
let ids = 0
const effects = { clock: systemClock, random: () => 0.5, log: silentLog, newId: () => `offline-${++ids}` }

describe('restoring where no control plane runs', () => {
  it('puts all of a backup into the data folder, and says so', async () => {
    const stores = await open(await makePlace('sqlite'))
    await fill(stores)
    const file = join(dir(), 'navarch.backup.gz')
    writeFileSync(file, await fileOf(stores))
    const place = await makePlace('sqlite')
    expect(await restoreOffline({ file, ...place, effects })).toMatch(/^restored \d+ rows into sqlite:.*, as of 20/)
    expect(await contentOf(await open(place))).toEqual(await contentOf(stores))
  })

  it('names the file that is no backup, and changes nothing', async () => {
    const place = await makePlace('sqlite')
    const stores = await open(place)
    await fill(stores)
    const before = await contentOf(stores)
    await stores.close()
    const file = join(dir(), 'other.gz')
    writeFileSync(file, 'hello')
    await expect(restoreOffline({ file, ...place, effects })).rejects.toThrow(`${file}: this is no backup of Navarch`)
    expect(await contentOf(await open(place))).toEqual(before)
  })

  it('leaves no empty store behind for a file that is not there', async () => {
    const place = await makePlace('sqlite')
    const file = join(dir(), 'none.gz')
    await expect(restoreOffline({ file, ...place, effects })).rejects.toThrow(`cannot read ${file}: ENOENT`)
    expect(existsSync(place.dataDir)).toBe(false)
    expect(readdirSync(dir())).toEqual([])
  })

  it('refuses a data folder that a control plane has', async () => {
    const place = await makePlace('sqlite')
    const stores = await open(place)
    const file = join(dir(), 'navarch.backup.gz')
    writeFileSync(file, await fileOf(stores))
    await expect(restoreOffline({ file, ...place, effects })).rejects.toThrow('another control plane is using it')
  })
})
