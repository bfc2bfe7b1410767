import type { AccountedJob } from './accounted-job.ts'
import { capabilitiesOf, parseVersion, type SlurmVersion } from './capabilities.ts'
import { parseConfig, type SlurmConfig } from './config-record.ts'
import { readDetails, type SlurmDetails } from './details.ts'
import { compressHosts } from './hostlist.ts'
import { type JobRecord, jobFreeText, jobRecord, jobStart } from './job-record.ts'
import { hasAllocation } from './job-state.ts'
import { fieldsOf, parseKeyValueRecords } from './key-value.ts'
import { type NodeRecord, parseNodes } from './node-record.ts'
import { type PartitionRecord, parsePartitions } from './partition-record.ts'
import type { RunCommand, SlurmClock } from './run-command.ts'
import { parseSacct, sacctFormat, splitSacctRows } from './sacct.ts'
import { runSlurm, type SlurmOutput } from './slurm-command.ts'
import { SlurmError } from './slurm-error.ts'
import type { SlurmSnapshot } from './snapshot.ts'
import { newLookMemory, parseError, readSnapshot } from './snapshot-reader.ts'
import { parseSqueue, squeueFormat } from './squeue.ts'
import { parseTopology, type TopologyGroup } from './topology.ts'

/** States that `scontrol update NodeName` takes. */
export type NodeUpdateState =
  | 'DRAIN'
  | 'UNDRAIN'
  | 'RESUME'
  | 'DOWN'
  | 'FAIL'
  | 'FUTURE'
  | 'IDLE'
  | 'POWER_DOWN'
  | 'POWER_DOWN_ASAP'
  | 'POWER_DOWN_FORCE'
  | 'POWER_UP'

/** A change of a node. What is absent stays. */
export interface NodeChange {
  state?: NodeUpdateState
  /**
   * Replaces the reason, whoever set it: read it first. DRAIN, DOWN and FAIL need one.
   * scontrol drops a double quote at its end.
   */
  reason?: string
  nodeAddr?: string
  nodeHostname?: string
  comment?: string
  extra?: string
}

/** One controller's answer to `scontrol ping`. */
export interface ControllerStatus {
  host: string
  role: 'primary' | 'backup'
  up: boolean
}

export interface JobDetail {
  job: JobRecord
  /** Every key that `scontrol show job` printed. */
  fields: Readonly<Record<string, string>>
}

export interface SlurmClientOptions {
  run: RunCommand
  clock: SlurmClock
  /** Folder of squeue, scontrol and sdiag. Default: the PATH. */
  bin?: string
  /** slurm.conf, for SLURM_CONF. Default: what the commands find themselves. */
  conf?: string
  /** Each command's deadline, ms. Default 10,000. */
  deadlineMs?: number
  /**
   * Whether looks tell the nodes that pending jobs exclude, which takes a second squeue before 24.11. Default true; without
   * it, look only where nobody counts demand.
   */
  excludedNodes?: boolean
  /** Lets others run, between parts of what takes long: reading a big cluster's look takes some tenths of a second. */
  breathe?: () => Promise<void>
  /** Letters and digits that no user can guess: what a job's name holds is then never taken for another job's record. */
  mark?: string
}

/** One cluster, by Slurm's commands or by slurmrestd. Every call throws only `SlurmError` and ends within its deadline. */
export interface SlurmClient {
  version(): Promise<SlurmVersion>
  /** One look at everything, in the cheapest form. Calls made while one is running get its result. */
  snapshot(): Promise<SlurmSnapshot>
  /** Reservations and shares of accounts: what changes slowly. Never fails. Calls made while one is running get its result. */
  details(): Promise<SlurmDetails>
  /**
   * What the topology puts together; empty where none is configured. It changes when slurmctld reads its configuration again:
   * ask rarely.
   * @returns undefined where slurmrestd is asked, which cannot tell
   */
  topology(): Promise<TopologyGroup[] | undefined>
  /** The node, FUTURE ones too. @throws SlurmError `not-found` */
  showNode(name: string): Promise<NodeRecord>
  /**
   * Changes one or several nodes, 100 at a time. Slurm applies a change to the names it knows and then fails at one
   * that it does not, so after an error read every node again. Not idempotent: RESUME of a node that needs none is
   * `refused`, and so is FUTURE of a FUTURE name with a drain, which UNDRAIN takes back.
   */
  updateNode(names: string | readonly string[], change: NodeChange): Promise<void>
  /** Adds a dynamic node. `params` are slurm.conf's keys; State must be CLOUD or FUTURE. */
  createNode(name: string, params: Readonly<Record<string, string>>): Promise<void>
  /** Removes a dynamic node. `refused` while it has jobs or a reservation. */
  deleteNode(name: string): Promise<void>
  showConfig(): Promise<SlurmConfig>
  partitions(): Promise<PartitionRecord[]>
  /** Jobs with an allocation on the node, suspended and completing ones too. */
  jobsOnNode(name: string): Promise<JobRecord[]>
  /** @throws SlurmError `not-found` */
  jobDetail(id: number): Promise<JobDetail>
  /**
   * All runs of these jobs that accounting has, those that slurmctld forgot too; nothing for a job that it does not know.
   * @throws SlurmError `refused` where there is no accounting
   */
  accountedJobs(ids: readonly number[]): Promise<AccountedJob[]>
  /**
   * The AdminComment that accounting has of the newest run; undefined when there is none.
   * @throws SlurmError `not-found`; `refused` where there is no accounting
   */
  adminComment(id: number): Promise<string | undefined>
  /**
   * Replaces the AdminComment of a job that is over, in accounting. 22.05 makes its letters small.
   * @throws SlurmError `refused` where there is no accounting
   */
  setAdminComment(id: number, text: string): Promise<void>
  ping(): Promise<ControllerStatus[]>
}

/** Node names, or hostlists of them, that may stand on a command line. */
const namePattern = /^[A-Za-z0-9_][\w.,[\]-]*$/
const batchSize = 100

/** Makes the client that runs Slurm's own commands. */
export function createSlurmClient(options: SlurmClientOptions): SlurmClient {
  const { mark = '' } = options
  const settings = { ...options, mark, deadlineMs: options.deadlineMs ?? 10_000 }
  const scontrol = (...args: string[]) => runSlurm(settings, 'scontrol', args)
  let known: SlurmVersion | undefined
  let memory = newLookMemory()

  async function version(): Promise<SlurmVersion> {
    known ??= await read(scontrol('--version'), parseVersion)
    return known
  }

  return {
    version,
    snapshot: shared(async () => {
      try {
        return await readSnapshot(settings, await version(), memory)
      } catch (error) {
        // A failure may be an upgrade of Slurm: ask again what it is.
        known = undefined
        memory = newLookMemory()
        throw error
      }
    }),
    details: shared(() => readDetails(settings)),
    topology: () => read(scontrol('show', 'topology'), parseTopology),
    async showNode(name) {
      const nodes = await read(scontrol('-a', '-F', '-d', '-o', 'show', 'node', checkedName(name)), parseNodes)
      return theOne(nodes, (node) => node.name === name, `node ${name}`)
    },
    async updateNode(names, change) {
      const assignments = changeArguments(change)
      if (assignments.length === 0) return
      for (const hosts of batches(names)) await scontrol('update', `NodeName=${checkedName(hosts)}`, ...assignments)
    },
    async createNode(name, params) {
      const assignments = Object.entries(params).map(([key, value]) => assignment(key, value))
      await scontrol('create', `NodeName=${checkedName(name)}`, ...assignments)
    },
    async deleteNode(name) {
      await scontrol('delete', `NodeName=${checkedName(name)}`)
    },
    showConfig: () => read(scontrol('show', 'config'), parseConfig),
    partitions: () =>
      read(scontrol('-a', '-o', 'show', 'partitions'), (text) =>
        text.startsWith('No partitions in the system') ? [] : parsePartitions(text),
      ),
    async jobsOnNode(name) {
      const format = squeueFormat(capabilitiesOf(await version()), mark)
      const args = [...format.arguments, '-w', checkedName(name)]
      const { jobs, errors } = await read(runSlurm(settings, 'squeue', args), (text) => parseSqueue(text, format))
      if (errors[0]) throw parseError(errors[0], 'squeue')
      return jobs.filter((job) => hasAllocation(job.state))
    },
    async jobDetail(id) {
      const records = await read(scontrol('-a', '-o', 'show', 'job', String(id)), (text) =>
        parseKeyValueRecords(text, jobStart, jobFreeText).map(fieldsOf),
      )
      const fields = theOne(records, (record) => record['JobId'] === String(id), `job ${id}`)
      return { fields, job: convert(fields, jobRecord, 'scontrol show job') }
    },
    async accountedJobs(ids) {
      if (ids.length === 0) return []
      const format = sacctFormat(capabilitiesOf(await version()), mark)
      const list = ids.map((id) => checkedId(id)).join(',')
      const runs = await read(runSlurm(settings, 'sacct', [...format.arguments, list]), (text) =>
        parseSacct(text, format),
      )
      return runs.filter((run) => ids.includes(run.id))
    },
    async adminComment(id) {
      const format = { fields: ['JobIDRaw', 'AdminComment'], delimiter: `\x1f${mark}` }
      const args = ['-n', '-X', '-P', '-D', '--delimiter', format.delimiter, '-o', format.fields.join(','), '-j']
      const rows = await read(runSlurm(settings, 'sacct', [...args, checkedId(id)]), (text) =>
        splitSacctRows(text, format),
      )
      const row = rows.findLast((candidate) => candidate['JobIDRaw'] === String(id))
      if (!row) throw new SlurmError('not-found', `accounting has no job ${id}`)
      return row['AdminComment'] || undefined
    },
    async setAdminComment(id, text) {
      const words = ['-i', 'update', 'job', 'where', `jobid=${checkedId(id)}`, 'set', assignment('AdminComment', text)]
      await runSlurm(settings, 'sacctmgr', words)
    },
    ping: async () => parsePing((await scontrol('ping').catch(answerOfPing)).stdout),
  }
}

/** A deaf controller makes `scontrol ping` fail, and yet it prints which one is deaf. */
function answerOfPing(error: unknown): { stdout: string } {
  if (error instanceof SlurmError && error.stderr.includes('Slurmctld(')) return { stdout: error.stderr }
  throw error
}

/** Reads the lines of `scontrol ping`. */
export function parsePing(text: string): ControllerStatus[] {
  return [...text.matchAll(/^Slurmctld\((\w+)\d*\) at (\S+) is (\w+)/gm)].map(([, role, host = '', word]) => ({
    host,
    role: role === 'primary' ? 'primary' : 'backup',
    up: word === 'UP',
  }))
}

async function read<T>(output: Promise<SlurmOutput>, parse: (text: string) => T): Promise<T> {
  const { stdout, command } = await output
  return convert(stdout, parse, command)
}

function convert<In, Out>(input: In, parse: (input: In) => Out, command: string): Out {
  try {
    return parse(input)
  } catch (error) {
    throw parseError(error, command)
  }
}

/** The item that matches. @throws SlurmError `not-found` */
export function theOne<T>(items: readonly T[], matches: (item: T) => boolean, what: string): T {
  const found = items.find(matches)
  if (!found) throw new SlurmError('not-found', `${what} not found`)
  return found
}

/** The name, where it may stand on a command line or in a path. @throws SlurmError `refused` */
export function checkedName(name: string): string {
  if (namePattern.test(name)) return name
  throw new SlurmError(
    'refused',
    `${JSON.stringify(name)} is not a node name: letters, digits, "_", "-" and "." are allowed`,
  )
}

/** The id as text. @throws SlurmError `refused` */
export function checkedId(id: number): string {
  if (Number.isSafeInteger(id) && id > 0) return String(id)
  throw new SlurmError('refused', `${id} is not a job id: a whole number above 0 is`)
}

function batches(names: string | readonly string[]): string[] {
  if (typeof names === 'string') return [names]
  for (const name of names) checkedName(name)
  return Array.from({ length: Math.ceil(names.length / batchSize) }, (_, index) =>
    compressHosts(names.slice(index * batchSize, (index + 1) * batchSize)),
  )
}

function changeArguments(change: NodeChange): string[] {
  const pairs: [string, string | undefined][] = [
    ['NodeAddr', change.nodeAddr],
    ['NodeHostname', change.nodeHostname],
    ['State', change.state],
    ['Reason', change.reason],
    ['Comment', change.comment],
    ['Extra', change.extra],
  ]
  return pairs.flatMap(([key, value]) => (value === undefined ? [] : [assignment(key, value)]))
}

function assignment(key: string, value: string): string {
  if (!/^[A-Za-z]+$/.test(key)) throw new SlurmError('refused', `${JSON.stringify(key)} is not a key of a node`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach Slurm's line-based output
  if (/[\x00-\x1f\x7f]/.test(value))
    throw new SlurmError('refused', `${key} holds a control character: ${JSON.stringify(value)}`)
  return `${key}=${value}`
}

/** Joins calls made while one is running. */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
}
