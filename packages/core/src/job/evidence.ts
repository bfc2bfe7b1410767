import { signalText } from './exit-meaning.ts'
import type { Case } from './job-case.ts'
import type { Evidence } from './job-report.ts'
import { memoryText } from './out-of-memory.ts'
import { countText } from './phrases.ts'

/** More says nothing more: the strongest suspects and the first nodes are enough. */
const mostOfAKind = 8

/** All that a verdict rests on, oldest first; what has no time comes last. */
export function evidenceOf(judged: Case): Evidence[] {
  const all = [...earlierRuns(judged), ...suspected(judged), ...memory(judged), ...exits(judged), ...slurmsWord(judged)]
  return all.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity))
}

function suspected({ suspects }: Case): Evidence[] {
  return suspects.slice(0, mostOfAKind).map(({ at, node, gpuUuid, source, what, gpu }) => ({
    ...(at !== undefined && { at }),
    node,
    ...(gpuUuid !== undefined && { gpuUuid }),
    source,
    text: `${what}${gpu ? ` on ${gpu}` : ''}`,
  }))
}

function memory({ usage, oom }: Case): Evidence[] {
  if (!oom) return []
  const struck = Object.entries(usage).filter(([, { oomKills }]) => (oomKills ?? 0) > 0)
  if (struck.length === 0) {
    const text = memoryText(oom)
    return text && oom.node ? [{ node: oom.node, source: usage[oom.node]?.source ?? 'none', text }] : []
  }
  return struck.slice(0, mostOfAKind).map(([node, figures]) => ({
    node,
    source: figures.source,
    text: `the kernel killed ${countText(figures.oomKills ?? 0, 'process', 'processes')} because memory ran out`,
  }))
}

function exits({ view }: Case): Evidence[] {
  return Object.entries(view.exits)
    .filter(([, { status, signal }]) => status !== 0 || signal !== 0)
    .slice(0, mostOfAKind)
    .map(([node, { status, signal }]) => ({
      ...(view.endTime !== undefined && { at: view.endTime }),
      node,
      source: 'epilog',
      text: signal === 0 ? `exit status ${status}` : `exit status ${status}, ${signalText(signal)}`,
    }))
}

function slurmsWord({ view }: Case): Evidence[] {
  if (!view.confirmed) return []
  const exit = view.exit ? `, exit ${view.exit.status}:${view.exit.signal}` : ''
  const reason = view.stateReason ? ` (${view.stateReason})` : ''
  return [
    {
      ...(view.endTime !== undefined && { at: view.endTime }),
      source: 'slurm',
      text: `${view.rawState}${reason}${exit}`,
    },
  ]
}

function earlierRuns({ input }: Case): Evidence[] {
  return input.earlierRuns.slice(0, mostOfAKind).map((run) => ({
    ...(run.endTime !== undefined && { at: run.endTime }),
    source: 'history',
    text: `an earlier run, ${run.runId}, ended ${run.rawState}`,
  }))
}
