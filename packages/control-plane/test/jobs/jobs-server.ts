import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { ServerOptions } from '../../src/server/start-server.ts'
import type { JobServiceDeps } from '../../src/services/jobs/job-deps.ts'
import type { JobStore } from '../../src/store/job-store.ts'
import { openSqliteJobStore } from '../../src/store/jobs/sqlite-job-store.ts'
import { jobServiceOver } from '../job-service-over.ts'
import { createServicesDouble } from '../server/services-double.ts'
import { startTestServer, type TestServer } from '../server/test-server.ts'

export interface JobsServer extends TestServer {
  store: JobStore
  /** Reads JSON. */
  get<T = Json>(path: string): Promise<{ status: number; body: T }>
  /** Sends a body with the headers that changes need. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Json }>
}

/** A parsed answer, of which nothing is known but what a test asks of it. */
interface Json {
  [key: string]: unknown
}

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** The real server and service over a real store in a folder of its own; all of it is gone after the test. */
export async function startJobsServer(
  options: Partial<ServerOptions> & { deps?: Partial<JobServiceDeps> } = {},
): Promise<JobsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-jobs-'))
  const store = await openSqliteJobStore(folder)
  const { deps, ...serverOptions } = options
  const services = { ...createServicesDouble().services, jobs: jobServiceOver(store, deps) }
  const server = await startTestServer({ services, ...serverOptions })
  cleanups.push(
    () => rm(folder, { recursive: true }),
    () => store.close(),
    () => server.close(200),
  )
  const read = async (response: Response) => {
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    ...server,
    store,
    get: async (path) => read(await fetch(`${server.url}${path}`)),
    send: async (method, path, body, headers = changeHeaders) =>
      read(
        await fetch(`${server.url}${path}`, {
          method,
          headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      ),
  }
}

export const changeHeaders = { 'x-changed-by': 'alice', 'x-source': 'api' }

/** A start as the document's prolog sends it. */
export const startedEvent = {
  job_id: '99999',
  user: 'alice',
  node_list: ['n1'],
  timestamp: '2026-03-01T12:00:00Z',
  cpu_allocation: 4,
  memory_allocation_mb: 8192,
  gpu_allocation: 1,
  gpu_vendor: 'nvidia',
  gpu_devices: ['GPU-1'],
  cgroup_path: '/sys/fs/cgroup/system.slice/slurmstepd.scope/job_99999',
  partition: 'gpu',
  account: 'physics',
}

/** An end as the document's epilog sends it. */
export const finishedEvent = {
  job_id: '99999',
  final_state: 'completed',
  timestamp: '2026-03-01T12:01:00Z',
  exit_code: 0,
}
