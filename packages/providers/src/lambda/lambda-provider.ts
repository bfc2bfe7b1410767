import { type LaunchRequest, type Machine, type Provider, ProviderError } from '../provider.ts'
import { instanceName, nodeOfInstanceName } from './instance-name.ts'
import {
  createLambdaApi,
  type LambdaApiOptions,
  type LambdaInstance,
  LambdaNoAnswerError,
  type LaunchBody,
} from './lambda-api.ts'

/** Where Lambda publishes its API; the older address cloud.lambdalabs.com redirects there. */
export const lambdaBaseUrl = 'https://cloud.lambda.ai/api/v1'

/** How long the API's lists may lag behind its launches, ms. Assumed: it documents no bound. */
const settleMs = 60_000

/**
 * Instances of Lambda's GPU cloud.
 *
 * The API has no idempotency key. A launch therefore looks for an instance of its name first; one whose answer was lost
 * is not repeated until lists have settled; and where two were made after all, one is ended.
 */
export function createLambdaProvider(options: LambdaApiOptions): Provider {
  const { provider: name, clock } = options
  const api = createLambdaApi(options)
  /** Ids that the API gave us, with the time: it may deny them for a while. */
  const recent = new Map<string, { machine: Machine; at: number }>()
  /** Launches without an answer, by instance name, with the time. */
  const unanswered = new Map<string, number>()
  const running = new Map<string, Promise<Machine>>()

  const find = async (wanted: string, signal: AbortSignal): Promise<Machine | undefined> => {
    const found = (await api.listInstances(signal)).filter((each) => each.name === wanted && isAlive(each))
    const [kept, ...extra] = found.sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const { id } of extra) await api.terminate(id, signal)
    if (kept) unanswered.delete(wanted)
    return kept && describe(kept)
  }
  const throwIfInDoubt = (instance: string): void => {
    const settled = (unanswered.get(instance) ?? Number.NEGATIVE_INFINITY) + settleMs
    if (settled > clock.now()) {
      throw new ProviderError('unavailable', `provider ${name}: waiting to see whether ${instance} was launched`, {
        retryAfterMs: settled - clock.now(),
      })
    }
    unanswered.delete(instance)
  }
  const launch = async (instance: string, request: LaunchRequest, signal: AbortSignal): Promise<Machine> => {
    const existing = (await find(instance, signal)) ?? launchedJustNow(request.token)
    if (existing) return existing
    throwIfInDoubt(instance)
    const body = launchBody(instance, request, await sshKey(request, signal))
    try {
      const id = await api.launch(body, signal)
      unanswered.delete(instance)
      const machine: Machine = {
        id,
        node: request.node,
        token: request.token,
        state: 'pending',
        region: request.region,
        zone: '',
        instanceType: request.instanceType,
        launchedAt: clock.now(),
      }
      recent.set(id, { machine, at: clock.now() })
      return machine
    } catch (error) {
      if (error instanceof LambdaNoAnswerError) unanswered.set(instance, clock.now())
      throw error
    }
  }
  /** The API takes exactly one key. A pool that names none gets the account's only one. */
  const sshKey = async (request: LaunchRequest, signal: AbortSignal): Promise<string> => {
    const named = request.sshKeys
    const keys = named.length === 0 ? await api.listSshKeys(signal) : named
    const [key] = keys
    if (key !== undefined && keys.length === 1) return key
    const found = named.length === 0 ? `the account has ${keys.length}` : `ssh_keys names ${keys.length}`
    const which = keys.length > 1 ? ` (${keys.join(', ')})` : ''
    throw new ProviderError('invalid', `pool ${request.pool}: Lambda takes exactly one SSH key, and ${found}${which}`, {
      remedy: 'Set ssh_keys of the pool to the name of one key that is registered with Lambda.',
    })
  }
  const fresh = (id: string): Machine | undefined => {
    for (const [each, { at }] of recent) if (clock.now() - at >= settleMs) recent.delete(each)
    return recent.get(id)?.machine
  }
  const launchedJustNow = (token: string): Machine | undefined => {
    const entry = [...recent.values()].find(({ machine }) => machine.token === token)
    return entry && fresh(entry.machine.id)
  }
  return {
    name,
    type: 'lambda',
    // Instances with eight GPUs take up to 15 minutes.
    bootDeadlineMs: 25 * 60_000,
    async launch(request, signal) {
      const instance = instanceName(request)
      const work =
        running.get(instance) ?? launch(instance, request, signal).finally(() => void running.delete(instance))
      running.set(instance, work)
      return work
    },
    async get(machineId, signal) {
      const instance = await api.getInstance(machineId, signal)
      return instance ? describe(instance) : fresh(machineId)
    },
    async list(signal) {
      const instances = await api.listInstances(signal)
      const names = new Set(instances.map((instance) => instance.name))
      // A list must not let anyone believe that a launch made nothing while that is open.
      for (const instance of unanswered.keys()) {
        if (names.has(instance)) unanswered.delete(instance)
        else throwIfInDoubt(instance)
      }
      const listed = instances.filter((each) => isOurs(each) && isAlive(each)).map(describe)
      const ids = new Set(listed.map((machine) => machine.id))
      const unlisted = [...recent.keys()].filter((id) => !ids.has(id)).map(fresh)
      return [...listed, ...unlisted.filter((machine) => machine !== undefined)]
    },
    async terminate(machineId, signal) {
      const known = await api.terminate(machineId, signal)
      if (!known && fresh(machineId)) {
        throw new ProviderError('unavailable', `provider ${name}: ${machineId} was launched and is not visible yet`, {
          retryAfterMs: 5_000,
        })
      }
      recent.delete(machineId)
    },
  }
}

function launchBody(instance: string, request: LaunchRequest, sshKey: string): LaunchBody {
  const { instanceType, region, image, node, token } = request
  if (region === '') {
    throw new ProviderError('invalid', `pool ${request.pool}: Lambda needs a region`, {
      remedy: 'Set region of the pool.',
    })
  }
  return {
    region_name: region,
    instance_type_name: instanceType,
    ssh_key_names: [sshKey],
    name: instance,
    ...(image !== undefined && { image: /^[0-9a-f-]{32,36}$/.test(image) ? { id: image } : { family: image } }),
    tags: [
      { key: 'navarch-node', value: node },
      { key: 'navarch-token', value: token },
    ],
  }
}

function tag(instance: LambdaInstance, key: string): string | undefined {
  return instance.tags?.find((each) => each.key === key)?.value
}

function isOurs(instance: LambdaInstance): boolean {
  return tag(instance, 'navarch-token') !== undefined || nodeOfInstanceName(instance.name ?? '') !== undefined
}

function isAlive({ status }: LambdaInstance): boolean {
  return !['terminating', 'terminated', 'preempted'].includes(status)
}

function describe(instance: LambdaInstance): Machine {
  const node = tag(instance, 'navarch-node') ?? nodeOfInstanceName(instance.name ?? '')
  const token = tag(instance, 'navarch-token')
  return {
    id: instance.id,
    ...(node !== undefined && { node }),
    ...(token !== undefined && { token }),
    state: stateOf(instance),
    ...(instance.ip && { address: instance.ip }),
    region: instance.region?.name ?? '',
    zone: '',
    instanceType: instance.instance_type?.name ?? '',
  }
}

/** An `unhealthy` instance exists and is billed, which is all that a machine's state says. */
function stateOf({ status, ip }: LambdaInstance): Machine['state'] {
  if (status === 'terminating') return 'terminating'
  if (status === 'terminated' || status === 'preempted') return 'terminated'
  return (status === 'active' || status === 'unhealthy') && ip ? 'running' : 'pending'
}
