import { runKeyText } from '@navarch/core/job/identity'
import type { JobDoc } from '@navarch/core/job/job-doc'
import { jobStates } from '@navarch/core/job/job-event'
import { deleteIds } from '../sql/delete-ids.ts'
import type { Sql } from '../sql/sql.ts'
import { addToCounters } from './counters.ts'
import { jobKey } from './fold-calls.ts'
import type { KnownJobs } from './known-jobs.ts'
import { lockJobs } from './lock-jobs.ts'
import { idsOf, sumOf } from './pack-inbox.ts'
import { rowOf } from './run-row.ts'
import { stages } from './sample-blocks.ts'

/** What one step removes: some 10 ms. */
const stepBlocks = 100
const stepRuns = 20

/** Removes some of the readings that end before `before`. @returns whether there may be more */
export async function removeSomeSamples(tx: Sql, before: number): Promise<boolean> {
  for (const stage of Object.values(stages)) {
    const old = await tx.query(
      `SELECT id, known FROM sample_block WHERE stage = ? AND to_at < ? ORDER BY to_at LIMIT ${stepBlocks}`,
      [stage, before],
    )
    if (old.length === 0) continue
    await deleteIds(tx, 'sample_block', idsOf(old))
    await addToCounters(tx, new Map([['known', -sumOf(old, 'known')]]))
    return true
  }
  return false
}

/** Removes some of the runs that ended before `before`, with all that is kept of them. @returns whether there may be more */
export async function removeSomeRuns(tx: Sql, jobs: Pick<KnownJobs, 'forget'>, before: number): Promise<boolean> {
  const select = 'SELECT id, state, doc FROM job_run WHERE state NOT IN (0, 1) AND end_at < ?'
  const old = await tx.query(`${select} AND sort_at < ? ORDER BY sort_at LIMIT ${stepRuns}`, [before, before])
  const docs = old.map((row) => JSON.parse(String(row['doc'])) as JobDoc)
  await lockJobs(tx, docs.map(jobKey))
  const counts = new Map<string, number>()
  const count = (name: string, change: number) => counts.set(name, (counts.get(name) ?? 0) + change)
  for (const id of idsOf(old)) {
    // As it is now that it is locked.
    const [row] = await tx.query(`${select} AND id = ?`, [before, id])
    if (!row) continue
    const doc = JSON.parse(String(row['doc'])) as JobDoc
    const blocks = await tx.query('DELETE FROM sample_block WHERE run_id = ? RETURNING known', [id])
    const waiting = await tx.query('DELETE FROM sample_inbox WHERE run_key = ? RETURNING known', [runKeyText(doc)])
    for (const node of rowOf(doc).nodes) await tx.run('DELETE FROM job_node WHERE node = ? AND run_id = ?', [node, id])
    await tx.run('DELETE FROM job_audit WHERE run_id = ?', [id])
    await tx.run('DELETE FROM job_run WHERE id = ?', [id])
    const state = jobStates[Number(row['state'])]
    if (state) count(state, -1)
    count('known', -sumOf(blocks, 'known') - sumOf(waiting, 'known'))
    count('waiting', -waiting.length)
    jobs.forget(jobKey(doc))
  }
  await addToCounters(tx, counts)
  return old.length === stepRuns
}
