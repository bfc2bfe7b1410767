import type { EventJson } from '@navarch/api/rest'
import type { StoryLine } from './story-line.ts'

/** Nodes that come or go together are told of in one line, when the last of them is through. */
export interface StoryGroups {
  /** A node begins to come or go. */
  enter(event: EventJson, kind: GroupKind): void
  /** A node is through: it came or went, or it did not. */
  leave(event: EventJson, kind: GroupKind, done: boolean): StoryLine[]
}

export type GroupKind = 'provision' | 'scale-down'

interface Group {
  open: number
  done: number
  undone: number
  startedAt: number
}

/** Makes the groups: one for each pool and direction at a time. */
export function createStoryGroups(): StoryGroups {
  const groups = new Map<string, Group>()
  return {
    enter(event, kind) {
      const key = `${kind} ${event.pool}`
      const group = groups.get(key) ?? { open: 0, done: 0, undone: 0, startedAt: Date.parse(event.at) }
      groups.set(key, { ...group, open: group.open + 1 })
    },
    leave(event, kind, done) {
      const key = `${kind} ${event.pool}`
      const group = groups.get(key)
      if (!group) return []
      group.open--
      if (done) group.done++
      else group.undone++
      if (group.open > 0) return []
      groups.delete(key)
      return [kind === 'provision' ? grown(event, group) : shrunk(event, group)].filter((line) => line !== undefined)
    },
  }
}

function grown(event: EventJson, { done, startedAt }: Group): StoryLine | undefined {
  if (done === 0) return undefined
  const detail = `${nodes(done)} joined: verified and given to Slurm after ${secondsSince(startedAt, event)}`
  return { event, subject: event.pool, what: 'grown', detail, tone: 'good' }
}

function shrunk(event: EventJson, { done, undone }: Group): StoryLine {
  const left = done === 0 ? [] : [`${nodes(done)} left: idle, drained, machine ended`]
  const stayed =
    undone === 0 ? [] : [`${nodes(undone)} got work in the meantime and ${undone === 1 ? 'stays' : 'stay'}`]
  const what = done === 0 ? 'not shrunk' : 'shrunk'
  return {
    event,
    subject: event.pool,
    what,
    detail: [...left, ...stayed].join('; '),
    tone: done === 0 ? 'plain' : 'good',
  }
}

function nodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`
}

/** "15 s" from a time to an event. */
export function secondsSince(startedAt: number, event: EventJson): string {
  return `${Math.round((Date.parse(event.at) - startedAt) / 1000)} s`
}
