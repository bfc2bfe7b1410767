import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { BackupError } from '@navarch/api/backup'
import type { Clock } from '@navarch/system/clock'
import type { Stores } from '../store/open-stores.ts'
import { StoreError } from '../store/store.ts'
import { ServiceError } from './service-error.ts'
import type { BackupService } from './services.ts'

/** A backup of which nobody has taken anything for so long is given up, ms. */
const stallMs = 60_000

export interface BackupDeps {
  stores: Pick<Stores, 'backup' | 'stage' | 'restored'>
  clock: Clock
  /** Starts the control plane again in this process; absent where nobody can. */
  restart: (() => void) | undefined
}

/** Backups of everything durable, and restores of them, while the control plane runs. */
export function createBackupService({ stores, clock, restart }: BackupDeps): BackupService {
  let reading = false
  let restoring = false

  return {
    async backup() {
      if (reading) throw new ServiceError('conflict', 'a backup is being made already: try again when it is done')
      reading = true
      const lines = stores.backup()
      try {
        // Whatever is wrong with the store is an answer, and not a file that breaks off.
        const first = await lines.next()
        const gzip = createGzip({ level: 4 })
        const chunks = withinStalls(gzip, first, lines)
        pipeline(Readable.from(chunks), gzip, () => {
          reading = false
        })
        return { body: gzip, createdAt: clock.now() }
      } catch (error) {
        reading = false
        throw error
      }
    },

    async restore(source) {
      if (!restart) throw new ServiceError('unavailable', 'this control plane cannot start again by itself')
      if (restoring) throw new ServiceError('conflict', 'a restore is under way already')
      restoring = true
      try {
        const restore = await stores.stage(source)
        restart()
        return restore
      } catch (error) {
        restoring = false
        if (error instanceof BackupError) throw new ServiceError('invalid', error.message, { cause: error })
        if (error instanceof StoreError) throw new ServiceError('unavailable', error.message, { cause: error })
        throw error
      }
    },

    lastRestore() {
      if (stores.restored) return stores.restored
      throw new ServiceError('not_found', 'nothing has been restored since the control plane was started')
    },
  }

  async function* withinStalls(
    gzip: { destroy(error: Error): unknown },
    first: IteratorResult<Uint8Array, void>,
    rest: AsyncGenerator<Uint8Array, void>,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      for (let next = first; !next.done; next = await rest.next()) {
        const cancel = clock.after(stallMs, () => gzip.destroy(new Error(`nobody read the backup for ${stallMs} ms`)))
        try {
          yield next.value
        } finally {
          cancel()
        }
      }
    } finally {
      await rest.return()
    }
  }
}
