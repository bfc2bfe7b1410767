import type { SlurmVersion } from '../capabilities.ts'
import {
  type ControllerStatus,
  checkedId,
  checkedName,
  type NodeChange,
  type SlurmClient,
  shared,
  theOne,
} from '../client.ts'
import type { SlurmConfig } from '../config-record.ts'
import { expandHostlist } from '../hostlist.ts'
import { hasAllocation } from '../job-state.ts'
import { parseAccountedJobsJson } from '../json/json-accounted-jobs.ts'
import { jsonJob, parseJobsJson } from '../json/json-jobs.ts'
import { parseNodesJson } from '../json/json-nodes.ts'
import { parsePartitionsJson } from '../json/json-partitions.ts'
import { parseReservationsJson } from '../json/json-reservations.ts'
import { type JsonObject, parseBody, parseJsonList, textOf } from '../json/json-value.ts'
import { SlurmError, SlurmParseError } from '../slurm-error.ts'
import { createRestCall, type RestAnswer, type RestOptions, readAnswer } from './rest-call.ts'
import { parseConfJson } from './rest-config.ts'
import { nodeQuery, readRestSnapshot } from './rest-snapshot.ts'
import { chooseApi, parseMeta, type RestService } from './rest-version.ts'

export interface SlurmRestClientOptions extends RestOptions {
  /** e.g. "v0.0.37": used where it is served, else the newest that is known here. */
  apiVersion?: string
}

/** Requests about accounting that run at the same time. */
const lookupsAtOnce = 4

/** Makes the client of slurmrestd, 22.05 to 26.05. What a release's slurmrestd cannot do is `refused`, with what to do instead. */
export function createSlurmRestClient(options: SlurmRestClientOptions): SlurmClient {
  const { clock, apiVersion } = options
  const call = createRestCall(options)
  let known: Promise<RestService> | undefined

  async function discover(): Promise<RestService> {
    const document = await call('GET', '/openapi')
    const chosen = readAnswer(document, (body) => chooseApi(body, apiVersion))
    const ping = await call('GET', `/slurm/${chosen.api}/ping`)
    return { ...chosen, ...readAnswer(ping, parseMeta) }
  }
  function service(): Promise<RestService> {
    known ??= discover().catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
  async function get(path: string, part: 'slurm' | 'slurmdb' = 'slurm'): Promise<RestAnswer> {
    return call('GET', `/${part}/${(await service()).api}${path}`)
  }
  /** Sends a change; the answer's errors count whatever its status is. */
  async function change(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
    readAnswer(await call(method, `/slurm/${(await service()).api}${path}`, body), parseBody)
  }
  async function need(method: 'get' | 'post' | 'delete', path: string, what: string): Promise<void> {
    const { serves, api, version } = await service()
    if (!serves(method, path)) throw cannot(what, api, version)
  }
  async function needAccounting(): Promise<void> {
    const { accounting, api, version } = await service()
    if (!accounting) throw cannot('read accounting', api, version)
  }

  const client: SlurmClient = {
    version: async () => (await service()).version,
    snapshot: shared(async () => {
      try {
        return await readRestSnapshot(call, await service(), clock)
      } catch (error) {
        // A failure may be an upgrade of Slurm: ask again what it serves.
        known = undefined
        throw error
      }
    }),
    details: shared(async () => {
      const takenAt = clock.now()
      try {
        const answer = await get('/reservations')
        const costs = [{ command: 'GET reservations', tookMs: answer.tookMs, bytes: answer.body.length }]
        return { takenAt, costs, reservations: readAnswer(answer, (body) => parseReservationsJson(body, takenAt)) }
      } catch {
        return { takenAt, costs: [] }
      }
    }),
    // No release's slurmrestd tells it.
    topology: async () => undefined,
    async showNode(name) {
      const flags = nodeQuery((await service()).api)
      try {
        const nodes = readAnswer(await get(`/node/${encodeURIComponent(checkedName(name))}${flags}`), parseNodesJson)
        return theOne(nodes, (node) => node.name === name, `node ${name}`)
      } catch (error) {
        // 24.11 and later give no number for a name that they do not know.
        if (error instanceof SlurmError && error.message.includes(`Failure to query node ${name}`))
          throw new SlurmError('not-found', `node ${name} not found`, { cause: error })
        throw error
      }
    },
    async updateNode(names, wanted) {
      const body = updateBody(wanted)
      const list = typeof names === 'string' ? expandHostlist(checkedName(names)) : names.map(checkedName)
      if (Object.keys(body).length === 0) return
      await need('post', '/node/{node_name}', 'change nodes')
      for (const name of list) await change('POST', `/node/${encodeURIComponent(name)}`, body)
    },
    async createNode(name, params) {
      await need('post', '/new/node', 'add nodes')
      const words = Object.entries(params).map(([key, value]) => `${key}=${quoted(value)}`)
      await change('POST', '/new/node/', { node_conf: [`NodeName=${checkedName(name)}`, ...words].join(' ') })
    },
    async deleteNode(name) {
      await need('delete', '/node/{node_name}', 'remove nodes')
      await change('DELETE', `/node/${encodeURIComponent(checkedName(name))}`)
    },
    async showConfig() {
      const { serves, version, cluster } = await service()
      if (serves('get', '/conf')) return readAnswer(await get('/conf'), (body) => parseConfJson(body, version.text))
      const clusterName = cluster ?? readAnswer(await get('/jobs'), clusterOfJobs)
      return partialConfig(clusterName, version, await client.ping())
    },
    partitions: async () => readAnswer(await get('/partitions'), parsePartitionsJson),
    async jobsOnNode(name) {
      checkedName(name)
      const jobs = readAnswer(await get('/jobs'), parseJobsJson)
      return jobs.filter((job) => hasAllocation(job.state) && expandHostlist(job.nodes ?? '').includes(name))
    },
    async jobDetail(id) {
      const [found] = readAnswer(await get(`/job/${checkedId(id)}`), (body) =>
        parseJsonList(body, 'jobs').filter((job) => job['job_id'] === id),
      )
      if (!found) throw new SlurmError('not-found', `job ${id} not found`)
      return { job: jsonJob(found), fields: wordsIn(found) }
    },
    async accountedJobs(ids) {
      await needAccounting()
      const runs: Awaited<ReturnType<SlurmClient['accountedJobs']>> = []
      for (let from = 0; from < ids.length; from += lookupsAtOnce) {
        const some = ids.slice(from, from + lookupsAtOnce).map(async (id) => {
          const found = await get(`/job/${checkedId(id)}`, 'slurmdb').then(
            (answer) => readAnswer(answer, emptyWhenNothing),
            (error: unknown) => {
              if (error instanceof SlurmError && error.code === 'not-found') return []
              throw error
            },
          )
          return found.filter((run) => run.id === id)
        })
        runs.push(...(await Promise.all(some)).flat())
      }
      return runs
    },
    async adminComment(id) {
      await needAccounting()
      const jobs = readAnswer(await get(`/job/${checkedId(id)}`, 'slurmdb'), (body) => parseJsonList(body, 'jobs'))
      const newest = jobs.findLast((job) => job['job_id'] === id)
      if (!newest) throw new SlurmError('not-found', `accounting has no job ${id}`)
      const comment = newest['comment']
      return typeof comment === 'object' && comment !== null
        ? textOf(comment as JsonObject, 'administrator')
        : undefined
    },
    async setAdminComment() {
      const { api, version } = await service()
      throw cannot('change the AdminComment of a job that is over', api, version)
    },
    ping: async () => readAnswer(await get('/ping'), pingsOf),
  }
  return client
}

function cannot(what: string, api: string, version: SlurmVersion): SlurmError {
  return new SlurmError('refused', `slurmrestd ${api} of Slurm ${version.text} cannot ${what}: set slurm.driver to cli`)
}

function updateBody({ state, reason, nodeAddr, nodeHostname, comment, extra }: NodeChange): JsonObject {
  return {
    ...(state !== undefined && { state: [state] }),
    ...(reason !== undefined && { reason }),
    ...(nodeAddr !== undefined && { address: [nodeAddr] }),
    ...(nodeHostname !== undefined && { hostname: [nodeHostname] }),
    ...(comment !== undefined && { comment }),
    ...(extra !== undefined && { extra }),
  }
}

/** A value of several words as slurm.conf takes it. */
function quoted(value: string): string {
  if (!/[\s"#]/.test(value)) return value
  if (/["\n]/.test(value)) throw new SlurmError('refused', `${JSON.stringify(value)} cannot be a value of a node`)
  return `"${value}"`
}

/** 22.05 calls it an error that accounting knows no such job. */
function emptyWhenNothing(body: string) {
  try {
    return parseAccountedJobsJson(body)
  } catch (error) {
    if (error instanceof SlurmError && error.message.includes('Nothing found')) return []
    throw error
  }
}

function clusterOfJobs(body: string): string {
  const [job] = parseJsonList(body, 'jobs')
  const cluster = job && textOf(job, 'cluster')
  if (cluster !== undefined) return cluster
  throw new SlurmError(
    'refused',
    "slurmrestd does not tell the cluster's name before there is a job: set slurm.driver to cli",
  )
}

function partialConfig(
  clusterName: string,
  version: SlurmVersion,
  controllers: readonly ControllerStatus[],
): SlurmConfig {
  return {
    clusterName,
    version: version.text,
    slurmctldParameters: [],
    configless: false,
    controllers: controllers.map(({ host }) => ({ host })),
    settings: {},
  }
}

/** @throws SlurmParseError */
function pingsOf(body: string): ControllerStatus[] {
  return parseJsonList(body, 'pings').map((ping) => {
    const host = textOf(ping, 'hostname')
    if (host === undefined) throw new SlurmParseError('a ping without a host', JSON.stringify(ping))
    const primary = ping['primary'] === true || textOf(ping, 'mode') === 'primary'
    const up = ping['responding'] === true || [ping['ping'], ping['pinged']].includes('UP')
    return { host, role: primary ? 'primary' : 'backup', up }
  })
}

/** What the job's record says in words and numbers, by slurmrestd's keys. */
function wordsIn(job: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(job).flatMap(([key, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[key, String(value)]]
        : [],
    ),
  )
}
