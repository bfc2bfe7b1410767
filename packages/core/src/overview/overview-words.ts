import { counted, isAre, listed, partOf, spanText } from '../count-words.ts'
import type { FleetCounts } from './count-fleet.ts'
import type { CellOwner } from './node-cell.ts'

/** Good, something mends itself, or a person must act. `unknown`: what is needed to say so is not there. */
export type Mood = 'good' | 'mending' | 'act' | 'unknown'

/** A node that does not serve as it should, or will soon. */
export interface TroubledNode {
  id: string
  state: 'powering' | 'draining' | 'drained' | 'down' | 'unknown'
  owner: CellOwner
  reason: string
  /** Whether an operation has it in hand that brings it back without anybody. */
  mending: boolean
  /** When it is expected back, ms from now; absent where nobody can tell. */
  backInMs?: number
}

/** Something that a person must do, the most urgent first. */
export interface Todo {
  text: string
  /** Where it is done: a path of the page. */
  link: string
  /** The operation that waits for it, or "". */
  operation: string
  /** The alert that says so, or "". */
  alert: string
}

export interface OverviewFacts {
  counts: FleetCounts
  /** Nodes whose agent says that they are healthy. */
  healthy: number
  /** Nodes that serve and whose health nobody tells. */
  unheard: number
  /** Those that are being replaced among them; new ones that are added are not. */
  troubled: readonly TroubledNode[]
  /** Nodes that are being added. */
  adding: number
  /** Why Slurm's word is missing or old, in a sentence without its end; undefined when it is fresh or there is no Slurm. */
  slurmProblem: string | undefined
  todo: readonly Todo[]
}

export interface OverviewWords {
  mood: Mood
  sentence: string
}

/** The answer to "is anything wrong, and must I do something?", in one sentence or two. */
export function overviewWords(facts: OverviewFacts): OverviewWords {
  const total = Object.values(facts.counts.nodes).reduce((sum, count) => sum + count, 0)
  if (facts.slurmProblem !== undefined) return blindWords(facts, facts.slurmProblem, total)
  if (facts.todo.length > 0) return { mood: 'act', sentence: actSentence(facts, total) }
  if (total === 0) {
    const sentence = 'No nodes yet: they come with a pool in navarch-config.yaml, or with an agent on a host.'
    return { mood: 'good', sentence }
  }
  const mending = facts.troubled.filter((node) => node.mending)
  if (mending.length > 0) return { mood: 'mending', sentence: `${mendingSentence(mending, total)}${aside(facts)}.` }
  const silent = facts.counts.nodes.unknown
  if (silent > 0) {
    return { mood: 'unknown', sentence: `${partOf(silent, total, 'node')} not heard of${aside(facts)}.` }
  }
  return { mood: 'good', sentence: `Nothing to do: ${serving(facts, total)}${aside(facts)}.` }
}

function blindWords({ todo, healthy, troubled }: OverviewFacts, problem: string, total: number): OverviewWords {
  const who = healthy === 1 ? 'The agent of 1' : `The agents of ${healthy}`
  const says = healthy === 1 ? 'says' : 'say'
  const agents = total === 0 ? '' : ` ${who} of ${counted(total, 'node')} ${says} that all is well.`
  const mending = troubled.filter((node) => node.mending).length
  const still = mending === 0 ? '' : ` Navarch has ${counted(mending, 'node')} in hand.`
  const sentence = `${problem}. What runs and what waits is not known.${agents}${still}`
  return { mood: todo.length > 0 ? 'act' : 'unknown', sentence }
}

function actSentence({ todo, troubled }: OverviewFacts, total: number): string {
  const [first] = todo
  const more = todo.length > 1 ? `; ${counted(todo.length - 1, 'more thing')} below` : ''
  const mending = troubled.filter((node) => node.mending)
  const besides = mending.length > 0 ? ` Besides, ${mendingSentence(mending, total)}.` : ''
  return `Needs a person: ${withoutEnd(first?.text ?? '')}${more}.${besides}`
}

/** "2 of 64 nodes are drained by Navarch; both come back without you, the next in about 20 min" */
function mendingSentence(mending: readonly TroubledNode[], total: number): string {
  const one = mending.length === 1
  const done = mending.every(({ state }) => state === 'powering')
    ? 'being replaced by Navarch'
    : mending.every(({ state }) => state === 'draining' || state === 'drained')
      ? 'drained by Navarch'
      : "in Navarch's hands"
  const who = one ? 'it comes' : mending.length === 2 ? 'both come' : `all ${mending.length} come`
  const times = mending.flatMap(({ backInMs }) => (backInMs === undefined ? [] : [backInMs]))
  const soonest = Math.min(...times)
  const when =
    times.length === 0 ? '' : one ? ` in about ${spanText(soonest)}` : `, the next in about ${spanText(soonest)}`
  return `${partOf(mending.length, total, 'node')} ${done}; ${who} back without you${when}`
}

function serving({ counts, healthy, unheard, adding }: OverviewFacts, all: number): string {
  const total = all - adding
  const { busy, mixed, idle, reserved } = counts.nodes
  const inService = busy + mixed + idle + reserved
  const nodes =
    healthy === total && inService === total
      ? `${partOf(total, total, 'node')} healthy`
      : `${partOf(inService, total, 'node')} in service`
  const silent = unheard > 0 && healthy !== total ? ` (${unheard} without word from an agent)` : ''
  const { gpus } = counts
  return `${nodes}${silent}${gpus.total === 0 ? '' : `, ${partOf(gpus.busy, gpus.total, 'GPU')} busy`}`
}

/** What is as somebody wants it, and so nothing to act on: people's drains, nodes that are added. */
function aside({ troubled, adding }: OverviewFacts): string {
  const theirs = troubled.filter(({ owner, mending, state }) => owner === 'person' && !mending && state !== 'down')
  const parts = [
    ...(theirs.length > 0 ? [`${listed(theirs.map(({ id }) => id))} ${isAre(theirs.length)} drained by people`] : []),
    ...(adding > 0 ? [`${counted(adding, 'more node')} ${isAre(adding)} on the way`] : []),
  ]
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`
}

function withoutEnd(text: string): string {
  return text.replace(/\.$/, '')
}
