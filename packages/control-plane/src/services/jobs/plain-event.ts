import { parseTime } from './rfc3339.ts'

/*
 * A look at events in the form in which they usually come, at a tenth of what a schema costs. What it takes, the schema takes too
 * and as it is; all else is left to the schema (request-schemas.ts), which alone knows the rules and says what is wrong.
 */

type Check = (value: unknown) => boolean

/** Text with nothing in it that needs a closer look. */
const printable = /^[\x20-\x7e]*$/

function text(max: number, min = 0): Check {
  return (value) =>
    typeof value === 'string' && value.length <= max && value.length >= min && (value === '' || printable.test(value))
}

function whole(max: number): Check {
  return (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}

function word(...words: readonly string[]): Check {
  return (value) => typeof value === 'string' && words.includes(value)
}

function listOf(max: number, check: Check): Check {
  return (value) => Array.isArray(value) && value.length <= max && value.every((item) => check(item))
}

/** Keys that are not known are ignored. */
function record(required: Record<string, Check>, optional: Record<string, Check>): Check {
  const checks = new Map(Object.entries({ ...required, ...optional }))
  const wanted = Object.keys(required)
  return (value) => {
    if (!isRecord(value)) return false
    for (const key in value) if (checks.get(key)?.(value[key]) === false) return false
    return wanted.every((key) => Object.hasOwn(value, key))
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const time: Check = (value) => typeof value === 'string' && parseTime(value) !== undefined
const short = text(255)
const number = whole(1e6)

const identity = {
  node: text(253),
  cluster: short,
  restart: number,
  sluid: text(64),
  observed_by: word('hook', 'scan'),
}
const hosts = listOf(10_000, text(253))
const uuid = text(255, 1)
const memoryBytes = whole(2 ** 50)
/** Written out: of most events, GPUs are the larger part. */
const gpu: Check = (value) => {
  if (!isRecord(value)) return false
  const { uuid: name, vendor, index, model, memory_total_bytes: memory, parent_uuid: parent } = value
  return (
    uuid(name) &&
    (vendor === 'nvidia' || vendor === 'amd') &&
    (index === undefined || number(index)) &&
    (model === undefined || short(model)) &&
    (memory === undefined || memoryBytes(memory)) &&
    (parent === undefined || short(parent))
  )
}

/** Whether a value is a JobStartedEvent beyond doubt. */
export const isPlainStarted = record(
  { job_id: text(255, 1), user: short, node_list: hosts, timestamp: time },
  {
    ...identity,
    cpu_allocation: number,
    memory_allocation_mb: whole(1e12),
    gpu_allocation: number,
    gpu_vendor: word('none', 'nvidia', 'amd', 'mixed'),
    gpu_devices: listOf(1024, short),
    cgroup_path: text(4096),
    partition: short,
    account: short,
    name: text(4096),
    qos: short,
    work_dir: text(4096),
    array_job_id: whole(0xffff_ffff),
    array_task_id: text(4096),
    het_job_id: whole(0xffff_ffff),
    het_offset: whole(0xffff_ffff),
    gpus: listOf(1024, gpu),
  },
)

/** Whether a value is a JobFinishedEvent beyond doubt. One with figures of usage is left to the schema. */
export const isPlainFinished = record(
  { job_id: text(255, 1), final_state: word('completed', 'failed', 'cancelled'), timestamp: time },
  { ...identity, node_list: hosts, exit_code: whole(0xffff), signal: whole(127), final_metrics: () => false },
)
