import type { RetentionPolicy } from '../job-store.ts'
import type { Sql } from '../sql/sql.ts'
import { coarsenSome } from './coarsen-blocks.ts'
import { nextTurn } from './group-calls.ts'
import type { KnownJobs } from './known-jobs.ts'
import { type InboxPlace, packSome } from './pack-inbox.ts'
import { removeSomeRuns, removeSomeSamples } from './remove-old.ts'

/** One control plane of several does the work. */
const lock = `SELECT pg_try_advisory_xact_lock(hashtextextended('navarch jobs maintenance', 0)) AS taken`

/** Packs, downsamples and removes, in transactions of some 10 ms; see `JobStore.maintain`. */
export async function maintain(
  sql: Sql,
  jobs: Pick<KnownJobs, 'forget'>,
  now: number,
  { rawMs, coarseStepMs, samplesMs, jobsMs }: RetentionPolicy,
): Promise<void> {
  let place: InboxPlace | undefined
  const packNext = async (tx: Sql): Promise<boolean> => {
    place = await packSome(tx, now, place)
    return place !== undefined
  }
  const steps = [
    packNext,
    (tx: Sql) => removeSomeSamples(tx, now - samplesMs),
    (tx: Sql) => removeSomeRuns(tx, jobs, now - jobsMs),
  ]
  if (rawMs < samplesMs) steps.push((tx) => coarsenSome(tx, now - rawMs, coarseStepMs))
  for (const step of steps) {
    let more = true
    while (more) {
      more = await sql.transaction(async (tx) => {
        if (tx.dialect === 'postgres' && (await tx.query(lock))[0]?.['taken'] !== 1) return false
        return step(tx)
      })
      await nextTurn()
    }
  }
}
