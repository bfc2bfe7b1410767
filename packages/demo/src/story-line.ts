import { styleText } from 'node:util'
import type { EventJson } from '@navarch/api/rest'

/** One line of the story, before it is laid out. */
export interface StoryLine {
  event: EventJson
  /** Whom it is about; default: the event's node. */
  subject?: string
  what: string
  detail: string
  tone?: 'good' | 'bad' | 'plain'
  /** Goes on about the line before: time and subject are left out. */
  repeat?: boolean
}

const subjectWidth = 10
const whatWidth = 14
/** A line that breaks in a narrow terminal reads worse than one that ends early. */
const detailLength = 110

/** Lays a line out in columns: time (of this machine's zone), subject, what happened, details. */
export function formatLine(line: StoryLine, colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const time = new Date(line.event.at).toTimeString().slice(0, 8)
  const subject = line.subject ?? line.event.node
  const { what, detail, repeat = false, tone = 'plain' } = line
  const style = tone === 'good' ? 'green' : tone === 'bad' ? 'red' : 'cyan'
  return [
    paint('dim', repeat ? ' '.repeat(time.length) : time),
    (repeat ? '' : subject).padEnd(subjectWidth),
    paint(style, what.padEnd(whatWidth)),
    detail.length > detailLength ? `${detail.slice(0, detailLength - 1)}…` : detail,
  ].join('  ')
}
