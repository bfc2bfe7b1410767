import type { FleetNodeJson, Mood, NodeCellState } from '@navarch/api/views'
import { isFaulty } from '../../grid/node-words.ts'
import { formatCount, plural } from '../../lib/format.ts'

/** What the nodes that are shown come to, in a sentence. */
export function answerOf(
  rows: readonly FleetNodeJson[],
  total: number,
  isFiltered: boolean,
): { mood: Mood; text: string } {
  if (total === 0) return { mood: 'good', text: 'There are no nodes yet.' }
  const fit = isFiltered
    ? `${formatCount(rows.length)} of ${plural(total, 'node')} ${rows.length === 1 ? 'fits' : 'fit'}`
    : ''
  if (rows.length === 0) return { mood: 'good', text: `${fit}.` }
  const count = (...states: NodeCellState[]) => rows.filter(({ state }) => states.includes(state)).length
  const out = rows.filter(({ state }) => state === 'draining' || state === 'drained')
  const ours = out.filter(({ owner }) => owner === 'navarch').length
  const down = count('down')
  const unknown = count('unknown')
  const starting = count('powering')
  // Faulty, and still taking jobs: nobody has drained them.
  const faulty = rows.filter(isFaulty).length
  const parts = [
    down > 0 ? `${are(down)} down` : '',
    faulty > 0 ? `${are(faulty)} unhealthy and in service` : '',
    unknown > 0 ? `${are(unknown)} not heard of` : '',
    ours > 0 ? `${are(ours)} drained by Navarch` : '',
    out.length > ours ? `${are(out.length - ours)} drained by people or Slurm` : '',
    starting > 0 ? `${are(starting)} starting` : '',
  ].filter((part) => part !== '')
  const mood: Mood = down + faulty > 0 ? 'act' : ours + starting > 0 ? 'mending' : unknown > 0 ? 'unknown' : 'good'
  const whole = rows.length === 1 ? 'it is' : `all ${formatCount(rows.length)} are`
  const said = parts.length === 0 ? `${whole} in service` : listOf(parts)
  if (isFiltered) return { mood, text: `${fit}: ${said}.` }
  return {
    mood,
    text: parts.length === 0 ? `All ${plural(total, 'node')} are in service.` : `Of ${plural(total, 'node')}, ${said}.`,
  }
}

const are = (count: number): string => `${formatCount(count)} ${count === 1 ? 'is' : 'are'}`

function listOf(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
