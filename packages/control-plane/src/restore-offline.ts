import { open } from 'node:fs/promises'
import { BackupError } from '@navarch/api/backup'
import { openStores, type StoresOptions } from './store/open-stores.ts'
import { version } from './version.ts'

/**
 * Restores a backup where no control plane runs.
 * @returns what was done, in a sentence
 * @throws BackupError with the file's name when it cannot be restored, StoreError when the stores cannot be used: nothing has
 *   changed then
 */
export async function restoreOffline({
  file,
  ...place
}: Omit<StoresOptions, 'productVersion'> & { file: string }): Promise<string> {
  const options = { ...place, productVersion: version }
  // A file that is not there must not leave a new, empty store behind.
  await using backup = await open(file).catch((cause: Error) => {
    throw new Error(`cannot read ${file}: ${cause.message}`, { cause })
  })
  const before = await openStores(options)
  try {
    await before.stage(backup.createReadStream({ autoClose: false })).catch((cause: unknown) => {
      if (cause instanceof BackupError) throw new BackupError(`${file}: ${cause.message}`, { cause })
      throw cause
    })
  } finally {
    await before.close()
  }
  const after = await openStores(options)
  await after.close()
  const { restored } = after
  if (!restored || restored.error !== null) throw new Error(`not restored, and nothing has changed: ${restored?.error}`)
  const rows = Object.values(restored.rows).reduce((sum, count) => sum + count, 0)
  return `restored ${rows} rows into ${after.fleet.description}, as of ${restored.backup_created_at}`
}
