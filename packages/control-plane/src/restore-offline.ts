import { createReadStream } from 'node:fs'
import { openStores, type StoresOptions } from './store/open-stores.ts'
import { version } from './version.ts'

/**
 * Restores a backup where no control plane runs.
 * @returns what was done, in a sentence
 * @throws BackupError when the file cannot be restored, StoreError when the stores cannot be used: nothing has changed then
 */
export async function restoreOffline({
  file,
  ...place
}: Omit<StoresOptions, 'productVersion'> & { file: string }): Promise<string> {
  const options = { ...place, productVersion: version }
  const before = await openStores(options)
  try {
    await before.stage(createReadStream(file))
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
