import { createReadStream } from 'node:fs'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { openStores } from '../src/store/open-stores.ts'

/**
 * Restores a backup as the control plane does, in a process that a test kills: `node restore-process.ts '{dataDir, file,
 * databaseUrl?}'`. It prints a line every now and then, by which the test knows how far it is.
 */
const { file, ...place } = JSON.parse(process.argv[2] ?? '')
const effects = {
  clock: systemClock,
  random: () => 0.5,
  log: silentLog,
  newId: () => `${process.pid}-${process.hrtime.bigint()}`,
}
const tick = setInterval(() => process.stdout.write('tick\n'), 10)
process.stdout.write('started\n')
const before = await openStores({ ...place, productVersion: '', effects })
await before.stage(createReadStream(file))
await before.close()
const after = await openStores({ ...place, productVersion: '', effects })
await after.close()
clearInterval(tick)
