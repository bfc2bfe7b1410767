import type { PoolCondition } from '@navarch/core/pool/pool'
import type { ProviderHealth } from '../operations/provider-gate.ts'
import type { PoolView } from './pool-view.ts'

/** A condition as it is now; `since` is added by whoever remembers when it began. */
export type ConditionNow = Omit<PoolCondition, 'since'>

export interface ConditionInput {
  view: PoolView
  provider: ProviderHealth
  /** Why the provider cannot work as configured (not built yet, key missing); undefined when nothing is known against it. */
  providerProblem?: string
  /** Why new hosts got no name at the last look. */
  unnamed?: string
  /** Why the pool's own metrics source gave nothing; undefined when it did, or there is none. */
  metricsProblem?: string
  /** Operations of the pool that wait for approval. */
  proposals?: readonly string[]
  /** ms since the epoch. */
  now: number
  /** slurm.conf's ResumeTimeout, s, and how long the provider takes to boot, ms. */
  resumeTimeoutSeconds?: number
  bootDeadlineMs?: number
}

/** What an operator should know about a pool. */
export function poolConditions(input: ConditionInput): ConditionNow[] {
  return [
    providerReady(input),
    slurmReady(input),
    namesLeft(input),
    ...metricsReady(input),
    ...atLimit(input),
    ...resumeTimeout(input),
    ...inactive(input),
    ...mode(input),
  ]
}

function providerReady({ provider, providerProblem, now, view }: ConditionInput): ConditionNow {
  const type = 'ProviderReady'
  if (provider.error) {
    const retry = Math.max(0, Math.round((provider.notBefore - now) / 1000))
    const remedy = provider.error.remedy ? `. ${provider.error.remedy}` : ''
    const message = `${provider.error.message}${remedy} (failed ${provider.failures} times in a row, next try in ${retry} s)`
    return { type, status: 'false', reason: camel(provider.error.code), message }
  }
  if (providerProblem) return { type, status: 'false', reason: 'NotReady', message: providerProblem }
  const launched = view.members.length > 0
  return launched
    ? { type, status: 'true', reason: 'Launching', message: `provider ${view.pool.provider} works` }
    : { type, status: 'unknown', reason: 'NotTried', message: 'nothing has been launched yet' }
}

function slurmReady({ view }: ConditionInput): ConditionNow {
  const type = 'SlurmReady'
  if (view.partition === undefined && view.slurmProblem === undefined) {
    return { type, status: 'unknown', reason: 'NoSlurm', message: 'no Slurm is configured or found here' }
  }
  if (view.slurmProblem !== undefined) {
    const reason = view.partition?.kind === 'none' ? 'PartitionNotFound' : 'NotReachable'
    return { type, status: 'false', reason, message: view.slurmProblem }
  }
  const name = view.partition?.kind === 'found' ? view.partition.partition.name : ''
  return { type, status: 'true', reason: 'Seen', message: `serves partition ${name}` }
}

function namesLeft({ unnamed }: ConditionInput): ConditionNow {
  const type = 'NamesLeft'
  return unnamed === undefined
    ? { type, status: 'true', reason: 'Enough', message: 'new hosts get a name' }
    : { type, status: 'false', reason: 'NoName', message: unnamed }
}

function metricsReady({ metricsProblem }: ConditionInput): ConditionNow[] {
  if (metricsProblem === undefined) return []
  return [{ type: 'MetricsReady', status: 'false', reason: 'NoAnswer', message: metricsProblem }]
}

function atLimit({ view }: ConditionInput): ConditionNow[] {
  const { blocked, blockedReason } = view.decision
  if (!blocked) return []
  return [{ type: 'Held', status: 'true', reason: camel(blocked), message: blockedReason ?? blocked }]
}

function resumeTimeout({ view, resumeTimeoutSeconds, bootDeadlineMs }: ConditionInput): ConditionNow[] {
  const cloud = view.records?.some((record) => record.state.flags.includes('CLOUD'))
  if (!cloud || resumeTimeoutSeconds === undefined || bootDeadlineMs === undefined) return []
  if (resumeTimeoutSeconds * 1000 >= bootDeadlineMs) return []
  const boot = Math.ceil(bootDeadlineMs / 1000)
  const message = `ResumeTimeout=${resumeTimeoutSeconds} s is shorter than the ${boot} s that a machine may take to boot: jobs on CLOUD names can fail; set ResumeTimeout=${boot} or more in slurm.conf`
  return [{ type: 'ResumeTimeoutShort', status: 'true', reason: 'TooShort', message }]
}

function inactive({ view }: ConditionInput): ConditionNow[] {
  if (view.pool.inactive.length === 0) return []
  const message = `accepted, not active yet: ${view.pool.inactive.join(', ')}`
  return [{ type: 'Inactive', status: 'true', reason: 'NotActiveYet', message }]
}

function mode({ view, proposals = [] }: ConditionInput): ConditionNow[] {
  const type = 'Mode'
  const { pool, decision } = view
  if (pool.mode === 'observe') {
    const would =
      decision.to === decision.from ? '' : `; it would go from ${decision.from} to ${decision.to}: ${decision.reason}`
    return [{ type, status: 'true', reason: 'Observe', message: `decisions are shown and not carried out${would}` }]
  }
  if (pool.mode === 'recommend') {
    const message =
      proposals.length === 0
        ? 'decisions wait for approval; none does now'
        : `${proposals.length} ${proposals.length === 1 ? 'operation waits' : 'operations wait'} for approval (${proposals.slice(0, 5).join(', ')}${proposals.length > 5 ? ', …' : ''}): navarch operation approve ID`
    return [{ type, status: 'true', reason: 'Recommend', message }]
  }
  return []
}

/** "at-max" as "AtMax". */
function camel(word: string): string {
  return word.replace(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase())
}
