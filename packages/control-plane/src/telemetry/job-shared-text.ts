import { type Metric, renderMetrics } from '@navarch/metrics/exposition'
import { nextTurn } from '../store/jobs/group-calls.ts'

/** How much longer than its making a text is told, so that whoever asks how often: it takes a tenth of a core at most. */
const agePerCost = 9

/**
 * One text for all who ask while it is made, and for those who ask soon after: a page of 5,000 jobs takes a good part of a second,
 * and two servers may scrape it on two ports. A text that is made in no time is made anew each time.
 * @param now ms from any beginning
 */
export function shareText(make: () => Promise<string>, now: () => number): () => Promise<string> {
  let current: Promise<string> | undefined
  let goodUntil = Number.NEGATIVE_INFINITY
  return () => {
    if (current && now() < goodUntil) return current
    const began = now()
    goodUntil = Number.POSITIVE_INFINITY
    current = make().finally(() => {
      goodUntil = now() + agePerCost * (now() - began)
    })
    return current
  }
}

/** As `renderMetrics`, with everybody else's turn after each metric: one of 40,000 series takes some 50 ms. */
export async function renderInTurns(metrics: readonly Metric[]): Promise<string> {
  const texts = new Map<object, string>()
  let text = ''
  for (const metric of metrics) {
    text += renderMetrics([metric], texts)
    await nextTurn()
  }
  return text
}
