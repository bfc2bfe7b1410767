import { styleText } from 'node:util'

/**
 * What a colour means, everywhere the same: `good` green, `change` cyan (under way), `warning` yellow, `bad` red,
 * `unknown` grey.
 */
export type Tone = 'good' | 'change' | 'warning' | 'bad' | 'unknown'

const colours = { good: 'green', change: 'cyan', warning: 'yellow', bad: 'red', unknown: 'gray' } as const

/** The text in its tone's colour, or as it is. */
export function paint(text: string, tone: Tone | undefined, colour: boolean): string {
  return colour && tone && text !== '' ? styleText(colours[tone], text, { validateStream: false }) : text
}

const tones: Record<string, Tone> = {
  healthy: 'good',
  active: 'good',
  succeeded: 'good',
  true: 'good',
  provisioning: 'change',
  running: 'change',
  waiting: 'change',
  draining: 'change',
  waiting_for_approval: 'warning',
  degraded: 'warning',
  cordoned: 'warning',
  drained: 'warning',
  cancelled: 'warning',
  unhealthy: 'bad',
  failed: 'bad',
  terminated: 'unknown',
  unknown: 'unknown',
  never: 'unknown',
  pending: 'unknown',
  skipped: 'unknown',
}

/** A word of the API (a health, a status, a state) with its colour. */
export function word(text: string): { text: string; tone: Tone } | string {
  const tone = tones[text]
  return tone ? { text, tone } : text
}
