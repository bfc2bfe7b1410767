import type { EventJson, HealthEventJson } from '@navarch/api/rest'
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
  kind: string
  node: string
  startedAt: number
  /** Whether it was told that the node's jobs are waited for. */
  waits?: boolean
}

/** Makes the story. */
export function createStory({ colour, findingOf }: StoryOptions): Story {
  const operations = new Map<string, OpenOperation>()
  const groups = new Map<string, { count: number; done: number; startedAt: number }>()

  /** Nodes that come or go together are told of once, when the last of them is through. */
  function join(event: EventJson, kind: string): void {
    const key = `${kind} ${event.pool}`
    const group = groups.get(key) ?? { count: 0, done: 0, startedAt: Date.parse(event.at) }
    groups.set(key, { ...group, count: group.count + 1 })
  }

  function leave(event: EventJson, kind: string, done: boolean): StoryLine[] {
    const key = `${kind} ${event.pool}`
    const group = groups.get(key)
    if (!group) return []
    group.count--
    if (done) group.done++
    if (group.count > 0) return []
    groups.delete(key)
    if (group.done === 0) return []
    const nodes = group.done === 1 ? '1 node' : `${group.done} nodes`
    const detail =
      kind === 'provision'
        ? `${nodes} joined: verified and given to Slurm after ${seconds(event, group.startedAt)}`
        : `${nodes} left: idle, drained, machine ended`
    return [{ event, subject: event.pool, what: kind === 'provision' ? 'grown' : 'shrunk', detail, tone: 'good' }]
  }

  function onOperation(event: EventJson): StoryLine[] {
    const kind = /^(\S+) started: /.exec(event.message)?.[1]
    if (kind === undefined) return [{ event, what: 'operator', detail: event.message }]
    operations.set(event.operation, { kind, node: event.node, startedAt: Date.parse(event.at) })
    if (kind === 'provision' || kind === 'scale-down') join(event, kind)
    return []
  }

  function onStep(event: EventJson): StoryLine[] {
    const [, step = '', state = '', detail = ''] = /^(\S+) (\S+?)(?:: (.*))?$/s.exec(event.message) ?? []
    const operation = operations.get(event.operation)
    if (!operation) return []
    const { kind } = operation
    const last = (step === 'return' || (kind === 'scale-down' && step === 'remove')) && state === 'succeeded'
    const broken = state === 'failed' || state === 'skipped'
    if (last || broken) operations.delete(event.operation)
    const lines: StoryLine[] = []
    if (kind === 'scale-down' && broken) lines.push({ event, what: 'stays', detail })
    else if (broken)
      lines.push({ event, what: `${kind} ${state === 'failed' ? 'failed' : 'ended'}`, detail, tone: 'bad' })
    else if (kind !== 'provision' && kind !== 'scale-down')
      lines.push(...onRepairStep(event, operation, step, state, detail))
    if ((kind === 'provision' || kind === 'scale-down') && (last || broken)) lines.push(...leave(event, kind, last))
    return lines
  }

  function onRepairStep(
    event: EventJson,
    operation: OpenOperation,
    step: string,
    state: string,
    detail: string,
  ): StoryLine[] {
    if (step === 'wait' && state === 'waiting' && detail.startsWith('waits for ')) {
      if (operation.waits) return []
      operation.waits = true
      return [{ event, what: 'waits', detail: `${detail.slice('waits '.length)} to end` }]
    }
    if (state !== 'succeeded') return []
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
        return [
          { event, what: 'returned', detail: `${detail} after ${seconds(event, operation.startedAt)}`, tone: 'good' },
        ]
      default:
        return []
    }
  }

  /** Of a node that is being repaired, further symptoms of the same fault are no news. */
  function onFinding(event: EventJson): StoryLine[] {
    if ([...operations.values()].some(({ kind, node }) => kind === 'replace' && node === event.node)) return []
    const finding = findingOf(event.node, event.message)
    const meaning = meanings[finding?.class ?? '']
    const where = typeof finding?.gpu_index === 'number' ? ` (GPU ${finding.gpu_index})` : ''
    const tone = meaning === undefined ? 'bad' : 'plain'
    const seen: StoryLine = { event, what: 'fault seen', detail: `${event.message}${where}`, tone }
    return meaning === undefined ? [seen] : [seen, { event, what: '', detail: meaning, repeat: true }]
  }

  return { tell: (event) => linesOf(event).map((line) => formatLine(line, colour)) }

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
}

/** "scaling up from 24 to 25: why" as "24 -> 25: why". */
function sizeLine(event: EventJson): StoryLine {
  const [, way = '', from, to, why] = /^scaling (up|down) from (\d+) to (\d+): (.*)$/s.exec(event.message) ?? []
  if (way === '') return { event, subject: event.pool, what: 'size', detail: event.message }
  return { event, subject: event.pool, what: way === 'up' ? 'grows' : 'shrinks', detail: `${from} -> ${to}: ${why}` }
}

function seconds(event: EventJson, since: number): string {
  return `${Math.round((Date.parse(event.at) - since) / 1000)} s`
}
