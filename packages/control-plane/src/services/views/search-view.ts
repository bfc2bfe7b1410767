import type { SearchHitJson } from '@navarch/api/views'
import { counted } from '@navarch/core/count-words'
import { labelOf } from '@navarch/core/demand/count-demand'
import { ServiceError } from '../service-error.ts'
import type { ViewContext } from './view-context.ts'

/** How well a word fits: the less, the better. */
type Found = SearchHitJson & { rank: number }

/** Whatever is called so: nodes, jobs, users, pools, partitions, operations; the best first. */
export async function searchFor(context: ViewContext, text: string, limit: number): Promise<SearchHitJson[]> {
  const word = text.trim().toLowerCase()
  if (word === '') return []
  const found = [
    ...nodeHits(context, word),
    ...poolHits(context, word),
    ...slurmHits(context, word),
    ...operationHits(context, word),
    ...(await jobHits(context, text.trim())),
  ]
  const best = new Map<string, Found>()
  for (const hit of found.sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))) {
    const key = `${hit.kind} ${hit.id}`
    if (!best.has(key)) best.set(key, hit)
  }
  return [...best.values()].slice(0, limit).map(({ rank: _rank, ...hit }) => hit)
}

/** 0 for the word itself, 1 for its beginning, 2 for a part; undefined for none. */
function rankOf(name: string, word: string): number | undefined {
  const lower = name.toLowerCase()
  if (lower === word) return 0
  if (lower.startsWith(word)) return 1
  return lower.includes(word) ? 2 : undefined
}

function hit(kind: SearchHitJson['kind'], id: string, text: string, link: string, word: string): Found[] {
  const rank = rankOf(id, word)
  return rank === undefined ? [] : [{ kind, id, text, link, rank }]
}

function nodeHits({ rows }: ViewContext, word: string): Found[] {
  return [...rows.rows().values()].flatMap(({ json }) => {
    const where = [json.pool, json.rack && `rack ${json.rack}`].filter(Boolean).join(', ')
    return hit(
      'node',
      json.id,
      `${json.state}${where ? `, ${where}` : ''}`,
      `/nodes/${encodeURIComponent(json.id)}`,
      word,
    )
  })
}

function poolHits({ config }: ViewContext, word: string): Found[] {
  return config.pools.flatMap(({ name, minNodes, maxNodes }) =>
    hit(
      'pool',
      name,
      `pool of ${minNodes} to ${counted(maxNodes, 'node')}`,
      `/pools/${encodeURIComponent(name)}`,
      word,
    ),
  )
}

function slurmHits(context: ViewContext, word: string): Found[] {
  const { snapshot } = context.sight()
  const jobs = snapshot?.jobs ?? []
  const users = new Map<string, number>()
  for (const { user } of jobs) users.set(user, (users.get(user) ?? 0) + 1)
  return [
    ...(snapshot?.partitions ?? []).flatMap(({ name }) =>
      hit('partition', name, 'partition', `/queue?partition=${encodeURIComponent(name)}`, word),
    ),
    ...[...users].flatMap(([user, count]) =>
      hit('user', user, `${count} in the queue or running`, `/jobs?user=${encodeURIComponent(user)}`, word),
    ),
    ...jobs.flatMap((job) => {
      const label = labelOf(job)
      const text = `${job.state.toLowerCase()}, ${job.name} of ${job.user}`
      const link = job.state === 'PENDING' ? `/queue?job=${encodeURIComponent(label)}` : `/jobs/${job.id}`
      const rank = rankOf(label, word) ?? rankOf(job.name, word)
      return rank === undefined ? [] : [{ kind: 'job' as const, id: label, text, link, rank: rank + 0.5 }]
    }),
  ]
}

function operationHits({ fleet }: ViewContext, word: string): Found[] {
  return [...fleet.operations.values()].flatMap(({ id, kind, node, state }) =>
    hit('operation', id, `${kind} ${node}, ${state}`, `/operations/${encodeURIComponent(id)}`, word),
  )
}

/** A job that is over is known by its id alone. */
async function jobHits({ jobs }: ViewContext, id: string): Promise<Found[]> {
  if (!/^(?:slurm-)?\d[\d_+-]*(?:-r\d+)?$/.test(id)) return []
  const runs = await jobs.runs(id).catch((error: unknown) => {
    if (error instanceof ServiceError) return []
    throw error
  })
  return runs.slice(0, 3).map((run) => ({
    kind: 'job',
    id: run.run_id,
    text: `${run.state}, ${run.name ?? 'job'} of ${run.user}`,
    link: `/jobs/${encodeURIComponent(run.run_id)}`,
    rank: 0,
  }))
}
