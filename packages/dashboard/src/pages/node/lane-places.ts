import type { NodeStoryJson } from '@navarch/api/views'

export type SpanJson = NodeStoryJson['lanes'][number]['spans'][number]

/** Looks of states of all kinds of lanes: nodes, health, jobs, operations. */
const looks: Record<string, string> = {
  busy: 'state-busy',
  mixed: 'state-mixed-band',
  idle: 'state-idle',
  reserved: 'state-reserved',
  powering: 'state-powering',
  draining: 'state-draining',
  drained: 'state-drained',
  down: 'state-down',
  unknown: 'state-unknown',
  active: 'span-quiet',
  provisioning: 'state-powering',
  cordoned: 'state-drained',
  terminated: 'state-idle',
  healthy: 'span-quiet',
  degraded: 'state-draining',
  unhealthy: 'state-down',
  running: 'state-busy',
  pending: 'state-idle',
  completed: 'span-done',
  succeeded: 'span-done',
  failed: 'span-failed',
  cancelled: 'state-idle',
  waiting: 'state-draining',
  waiting_for_approval: 'span-failed',
}

/** The class of a span; one that nobody has heard of is plain. */
export function classOfSpan(state: string): string {
  return Object.hasOwn(looks, state) ? (looks[state] ?? 'span-quiet') : 'span-quiet'
}

/** Where a span is, percent of the axis; never so narrow that it is not seen. */
export function placeSpan(
  span: Pick<SpanJson, 'from' | 'to'>,
  from: number,
  to: number,
): { left: number; width: number } {
  const share = (at: string) => Math.max(0, Math.min(1, (Date.parse(at) - from) / Math.max(1, to - from)))
  const start = share(span.from) * 100
  const width = Math.max(0.25, share(span.to) * 100 - start)
  return { left: Math.min(start, 100 - width), width }
}

const minute = 60_000
const steps = [5, 15, 30, 60, 120, 240, 360, 720, 1440].map((minutes) => minutes * minute)

/** At round local times, at most eight. @param offsetMs local time less UTC at that time */
export function axisTicks(
  from: number,
  to: number,
  offsetOf: (at: number) => number = (at) => -new Date(at).getTimezoneOffset() * minute,
): { at: number; text: string; share: number }[] {
  const step =
    steps.find((each) => (to - from) / each <= 8) ?? Math.ceil((to - from) / 8 / (1440 * minute)) * 1440 * minute
  const ticks: { at: number; text: string; share: number }[] = []
  const offset = offsetOf(from)
  for (let local = Math.ceil((from + offset) / step) * step; local - offset <= to; local += step) {
    const at = local - offset
    const time = new Date(local).toISOString()
    const text = step >= 1440 * minute ? time.slice(5, 10) : time.slice(11, 16)
    ticks.push({ at, text, share: (at - from) / Math.max(1, to - from) })
  }
  return ticks
}
