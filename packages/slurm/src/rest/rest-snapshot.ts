import { isFinished } from '../job-state.ts'
import { parseDiagJson } from '../json/json-diag.ts'
import { jsonJob } from '../json/json-jobs.ts'
import { jsonNode } from '../json/json-nodes.ts'
import { jsonPartition } from '../json/json-partitions.ts'
import { type JsonObject, parseJsonList } from '../json/json-value.ts'
import type { SlurmClock } from '../run-command.ts'
import type { SlurmSnapshot, SnapshotProblem } from '../snapshot.ts'
import { attempt } from '../snapshot-reader.ts'
import { type RestAnswer, type RestCall, readAnswer } from './rest-call.ts'
import type { RestService } from './rest-version.ts'

/** The query for what `scontrol -a -F -d show nodes` shows: 0.0.40 and later can be asked for FUTURE names. */
export function nodeQuery(api: string): string {
  const [, number = '0'] = /^v0\.0\.(\d+)$/.exec(api) ?? []
  return Number(number) >= 40 ? '?flags=ALL&flags=DETAIL&flags=MIXED&flags=LOCAL&flags=FUTURE' : ''
}

/**
 * Reads the whole cluster by slurmrestd, all calls at once. `/diag` may fail without failing the snapshot.
 * JSON is dear: at 5,000 nodes and 10,000 jobs slurmctld's answers take seconds, where the commands take a tenth of one.
 * @throws SlurmError
 */
export async function readRestSnapshot(
  call: RestCall,
  service: RestService,
  clock: SlurmClock,
): Promise<SlurmSnapshot> {
  const at = (path: string) => call('GET', `/slurm/${service.api}${path}`)
  const takenAt = clock.now()
  const problems: SnapshotProblem[] = []
  const diagnosis = at('/diag').catch((error: unknown) => {
    problems.push({ kind: 'diag', message: error instanceof Error ? error.message : String(error) })
    return undefined
  })
  const [nodes, jobs, partitions, diag] = await Promise.all([
    at(`/nodes${nodeQuery(service.api)}`),
    at('/jobs'),
    at('/partitions'),
    diagnosis,
  ])
  const all = readEach(jobs, 'jobs', 'job', problems, jsonJob)
  const diagRecord = diag && attempt(() => parseDiagJson(diag.body), 'diag', problems)
  const costs = Object.entries({ nodes, jobs, partitions, diag }).flatMap(([command, answer]) =>
    answer ? [{ command: `GET ${command}`, tookMs: answer.tookMs, bytes: answer.body.length }] : [],
  )
  const snapshot: SlurmSnapshot = {
    takenAt,
    tookMs: clock.now() - takenAt,
    version: service.version,
    nodes: readEach(nodes, 'nodes', 'node', problems, jsonNode),
    jobs: all.filter((job) => !isFinished(job.state)),
    finished: all.filter((job) => isFinished(job.state)),
    partitions: readEach(partitions, 'partitions', 'partition', problems, jsonPartition),
    costs,
    problems,
  }
  return diagRecord ? { ...snapshot, diag: diagRecord } : snapshot
}

function readEach<T>(
  answer: RestAnswer,
  key: string,
  kind: SnapshotProblem['kind'],
  problems: SnapshotProblem[],
  read: (item: JsonObject) => T,
): T[] {
  return readAnswer(answer, (body) => parseJsonList(body, key)).flatMap((item) => {
    const found = attempt(() => read(item), kind, problems)
    return found === undefined ? [] : [found]
  })
}
