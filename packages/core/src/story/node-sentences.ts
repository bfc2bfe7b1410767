import { counted, isAre, listed, spanText } from '../count-words.ts'
import type { Operation } from '../operation/operation.ts'
import type { CellOwner, CellState } from '../overview/node-cell.ts'
import type { Mood } from '../overview/overview-words.ts'
import { nextOf } from './operation-words.ts'

export interface NodeFacts {
  id: string
  state: CellState
  owner: CellOwner
  reason: string
  health: 'healthy' | 'degraded' | 'unhealthy' | 'unknown'
  healthReason: string
  gpus: number
  /** Undefined: nobody says. */
  gpusUsed: number | undefined
  jobs: number
  users: readonly string[]
  /** How long the state has held, ms; undefined where nobody knows. */
  sinceMs: number | undefined
  /** The gravest fault that holds, and where. */
  finding: { title: string; meaning: string; gpu: number | undefined; count: number } | undefined
  operation: Operation | undefined
  /** When it is expected back, ms from now; undefined where nobody can tell. */
  backInMs: number | undefined
}

/** What is the case with a node, why, and what comes next: at most three sentences. */
export function nodeSentences(facts: NodeFacts): { mood: Mood; sentences: string[] } {
  const sentences = [stateSentence(facts), whySentence(facts), nextSentence(facts)]
  return { mood: moodOf(facts), sentences: sentences.filter((sentence) => sentence !== '') }
}

function moodOf({ state, owner, health, operation }: NodeFacts): Mood {
  if (operation?.state === 'waiting_for_approval') return 'act'
  if (operation?.kind === 'replace' || operation?.kind === 'uncordon') return 'mending'
  if (state === 'unknown') return 'unknown'
  if (operation?.kind === 'provision' || operation?.kind === 'scale-down') return 'good'
  if (owner === 'person') return 'good'
  if (state === 'down' || health === 'unhealthy') return 'act'
  return state === 'drained' || state === 'draining' ? (owner === '' ? 'unknown' : 'act') : 'good'
}

function stateSentence(facts: NodeFacts): string {
  const { id, state, owner, reason, gpus, gpusUsed, jobs, users, sinceMs, operation } = facts
  const forTime = sinceMs === undefined ? '' : ` for ${spanText(sinceMs)}`
  const why = reason ? `: ${reason}` : ''
  const health = healthWords(facts)
  switch (state) {
    case 'busy':
    case 'mixed': {
      const used = gpusUsed === undefined || gpus === 0 ? 'is busy' : `has ${gpusUsed} of ${counted(gpus, 'GPU')} busy`
      const whose = users.length === 0 ? '' : ` of ${listed(users)}`
      return `${id} ${used}${jobs === 0 ? '' : ` with ${counted(jobs, 'job')}${whose}`}${health}.`
    }
    case 'idle':
      return `${id} has been idle${forTime}${health}.`
    case 'reserved':
      return `${id} is reserved, and has no job of the reservation${health}.`
    case 'powering':
      return operation?.kind === 'replace'
        ? `${id} gets a new machine${withoutEnd(why)}.`
        : `${id} is being made or started${withoutEnd(why)}.`
    case 'draining':
    case 'drained': {
      const by = { navarch: ' by Navarch', person: ' by a person', slurm: ' by Slurm', '': '' }[owner]
      const left =
        state === 'draining'
          ? `, and ${jobs === 0 ? 'its jobs are' : `${counted(jobs, 'job')} ${isAre(jobs)}`} still there`
          : ''
      return `${id} has been drained${by}${forTime}${withoutEnd(why)}${left}.`
    }
    case 'down':
      return `${id} has been down in Slurm${forTime}${withoutEnd(why)}.`
    case 'unknown':
      return `How ${id} is, is not known${withoutEnd(why)}.`
  }
}

function healthWords({ health, healthReason }: NodeFacts): string {
  switch (health) {
    case 'healthy':
      return ', and is healthy'
    case 'unknown':
      return ', and no agent tells how healthy it is'
    default:
      return `, and is ${health}${healthReason ? ` (${healthReason})` : ''}`
  }
}

function whySentence({ finding }: NodeFacts): string {
  if (!finding) return ''
  const where = finding.gpu === undefined ? '' : ` on GPU ${finding.gpu}`
  const often = finding.count > 1 ? `, seen ${finding.count} times` : ''
  return `${finding.title}${where}${often}: ${finding.meaning}`
}

function nextSentence({ state, owner, operation, backInMs, health }: NodeFacts): string {
  if (operation) {
    const when = backInMs === undefined ? '' : ` It is expected back in about ${spanText(backInMs)}.`
    return `${nextOf(operation)}${when}`
  }
  if (owner === 'person' && (state === 'drained' || state === 'draining')) {
    return 'It stays so until a person returns it: Navarch does not undo what people did.'
  }
  if (state === 'down') return 'Nothing is at it: a person must look why Slurm cannot reach it.'
  if (state === 'drained' || state === 'draining' || health === 'unhealthy') {
    return 'A person must repair it and return it.'
  }
  return ''
}

function withoutEnd(text: string): string {
  return text.replace(/\.$/, '')
}
