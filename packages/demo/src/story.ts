import type { EventJson, HealthEventJson } from '@navarch/api/rest'
import { type OperationKind, operationKinds, operationSteps } from '@navarch/core/operation/operation'
import { createStoryGroups, secondsSince } from './story-groups.ts'
import { formatLine, type StoryLine } from './story-line.ts'

/** Tells events as they come, for people. Keeps what it must remember between them. */
export interface Story {
  /** The lines that an event is worth; most are worth none. */
  tell(event: EventJson): string[]
}

export interface StoryOptions {
  colour: boolean
  /** More about a node's finding, by its message; undefined when nothing more is known. */
  findingOf: (node: string, message: string) => Pick<HealthEventJson, 'class' | 'gpu_index'> | undefined
}

/** What each class of finding means for its node, where nothing else will tell. */
const meanings: Record<string, string> = {
  informational: 'for information: nothing is drained',
  application: "the job's own fault, not the GPU's: nothing is drained",
  watch: 'watched, not acted on: nothing is drained',
  'reset-idle': 'the GPU is reset when idle: nothing is drained',
}

interface OpenOperation {
  kind: OperationKind
  node: string
  startedAt: number
  /** Whether it was told that the node's jobs are waited for. */
  waits: boolean
}

/** Makes the story. */
export function createStory({ colour, findingOf }: StoryOptions): Story {
  const operations = new Map<string, OpenOperation>()
  /** What waits for a person's yes, by operation. */
  const proposed = new Map<string, OperationKind>()
  const groups = createStoryGroups()

  function onOperation(event: EventJson): StoryLine[] {
    const [, asked = '', cause = ''] = /^(\S+) waits for approval: (.*)$/s.exec(event.message) ?? []
    const proposal = operationKinds.find((known) => known === asked)
    if (proposal) {
      proposed.set(event.operation, proposal)
      return [{ event, what: 'asks', detail: `${proposal}? (${cause})` }]
    }
    const approved = event.message.startsWith('approved by ') ? proposed.get(event.operation) : undefined
    const [, word = '', reason = ''] = /^(\S+) started: (.*)$/s.exec(event.message) ?? []
    const kind = approved ?? operationKinds.find((known) => known === word)
    if (!kind) return [{ event, what: 'operator', detail: event.message }]
    operations.set(event.operation, { kind, node: event.node, startedAt: Date.parse(event.at), waits: false })
    if (kind === 'provision' || kind === 'scale-down') groups.enter(event, kind)
    if (approved) return [{ event, what: 'approved', detail: event.message.replace('approved ', `${approved} `) }]
    // Why a node is replaced has just been told as its fault.
    return kind === 'cordon' || kind === 'drain' || kind === 'uncordon' ? [{ event, what: kind, detail: reason }] : []
  }

  function onStep(event: EventJson): StoryLine[] {
    const [, step = '', state = '', detail = ''] = /^(\S+) (\S+?)(?:: (.*))?$/s.exec(event.message) ?? []
    const operation = operations.get(event.operation)
    if (!operation) return []
    const { kind } = operation
    const done = step === operationSteps[kind].at(-1) && state === 'succeeded'
    const broken = state === 'failed' || state === 'skipped'
    const over = done || broken
    if (over) operations.delete(event.operation)
    const failure: StoryLine = {
      event,
      what: `${kind} ${state === 'failed' ? 'failed' : 'ended'}`,
      detail,
      tone: 'bad',
    }
    switch (kind) {
      case 'scale-down':
        return over ? groups.leave(event, kind, done) : []
      case 'provision':
        return [...(broken ? [failure] : []), ...(over ? groups.leave(event, kind, done) : [])]
      default:
        return broken ? [failure] : onRepairStep(event, operation, { step, state, detail })
    }
  }

  /** Of a node that is being replaced, further symptoms of the same fault are no news. */
  function onFinding(event: EventJson): StoryLine[] {
    if ([...operations.values()].some(({ kind, node }) => kind === 'replace' && node === event.node)) return []
    const finding = findingOf(event.node, event.message)
    const meaning = meanings[finding?.class ?? '']
    const where = typeof finding?.gpu_index === 'number' ? ` (GPU ${finding.gpu_index})` : ''
    const tone = meaning === undefined ? 'bad' : 'plain'
    const seen: StoryLine = { event, what: 'fault seen', detail: `${event.message}${where}`, tone }
    return meaning === undefined ? [seen] : [seen, { event, what: '', detail: meaning, repeat: true }]
  }

  function linesOf(event: EventJson): StoryLine[] {
    switch (event.type) {
      case 'finding':
        return onFinding(event)
      case 'operation':
        return onOperation(event)
      case 'operation-step':
        return onStep(event)
      case 'pool-size':
        return [sizeLine(event)]
      case 'node-health':
        return event.message.startsWith('unknown')
          ? [{ event, what: 'silent', detail: event.message, tone: 'bad' }]
          : []
      default:
        return []
    }
  }

  return { tell: (event) => linesOf(event).map((line) => formatLine(line, colour)) }
}

/** A step of an operation on one node that serves. The first wait is told, its progress is not. */
function onRepairStep(
  event: EventJson,
  operation: OpenOperation,
  { step, state, detail }: { step: string; state: string; detail: string },
): StoryLine[] {
  if (step === 'wait' && state === 'waiting' && detail.startsWith('waits for ') && !operation.waits) {
    operation.waits = true
    return [{ event, what: 'waits', detail: `${detail.slice('waits '.length)} to end` }]
  }
  if (state !== 'succeeded') return []
  const took = secondsSince(operation.startedAt, event)
  switch (step) {
    case 'drain':
      return [{ event, what: 'drained', detail: `${detail}: no new job starts there` }]
    case 'remove':
      return [{ event, what: 'machine ended', detail: detail.replace(/^machine (\S+) ended$/, '$1') }]
    case 'provision':
      return [{ event, what: 'new machine', detail: detail.replace(/^machine /, '') }]
    case 'verify':
      return [{ event, what: 'verified', detail }]
    case 'return':
      return [{ event, what: 'returned', detail: `${detail} after ${took}`, tone: 'good' }]
    default:
      return []
  }
}

/** "scaling up from 24 to 25: why" as "24 -> 25: why". */
function sizeLine(event: EventJson): StoryLine {
  const [, way = '', from, to, why] = /^scaling (up|down) from (\d+) to (\d+): (.*)$/s.exec(event.message) ?? []
  if (way === '') return { event, subject: event.pool, what: 'size', detail: event.message }
  return { event, subject: event.pool, what: way === 'up' ? 'grows' : 'shrinks', detail: `${from} -> ${to}: ${why}` }
}
