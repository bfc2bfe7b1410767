import type { PoolExplanationJson, PoolJson } from '@navarch/api/rest'
import { plural } from '../../lib/format.ts'
import type { PageMood } from '../../lib/page-mood.ts'

/** Conditions that say that something is not as it should be. */
export function problemsOf({ conditions }: Pick<PoolJson, 'conditions'>): PoolJson['conditions'] {
  return conditions.filter(
    ({ type, status }) => status === 'false' || (type === 'ResumeTimeoutShort' && status === 'true'),
  )
}

/** Conditions that explain what is as it should be: a limit that is reached, a mode. */
export function notesOf(pool: Pick<PoolJson, 'conditions'>): PoolJson['conditions'] {
  const problems = problemsOf(pool)
  return pool.conditions.filter(
    (condition) =>
      !problems.includes(condition) && !(condition.type.endsWith('Ready') || condition.type === 'NamesLeft'),
  )
}

/** What all pools come to: what fails, else what waits for a person, and only then what moves by itself. */
export function answerOf(pools: readonly PoolJson[]): { mood: PageMood; text: string } {
  if (pools.length === 0) return { mood: 'good', text: 'There are no pools.' }
  const troubled = pools.filter((pool) => problemsOf(pool).length > 0)
  const asked = pools.filter(isAsked)
  const moving = pools.filter((pool) => pool.size.wanted !== pool.size.ready && !isAsked(pool))
  const moves = moving.map(changeWords)
  if (troubled.length > 0) {
    const names = troubled.map(({ name }) => name).join(' and ')
    const parts = [`${names} ${troubled.length === 1 ? 'needs' : 'need'} a look`, ...asked.map(changeWords)]
    return { mood: 'act', text: `${parts.join('; ')}.` }
  }
  if (asked.length > 0) {
    const rest = moves.length === 0 ? '' : ` By itself: ${moves.join('; ')}.`
    return { mood: 'todo', text: `${asked.map(changeWords).join('; ')}.${rest}` }
  }
  if (moves.length > 0) {
    const isGrowing = moving.some(({ mode, size }) => mode === 'act' && size.wanted > size.ready)
    return { mood: isGrowing ? 'mending' : 'good', text: `${moves.join('; ')}.` }
  }
  const all =
    pools.length === 1
      ? 'The pool has the size that it wants'
      : `All ${pools.length} pools have the size that they want`
  return { mood: 'good', text: `${all}.` }
}

/** Whether its next change waits for a person's approval. */
function isAsked({ mode, size: { ready, wanted } }: Pick<PoolJson, 'mode' | 'size'>): boolean {
  return mode === 'recommend' && ready !== wanted
}

/** What a pool is about to do, by its mode. */
function changeWords({ name, mode, size: { ready, wanted } }: PoolJson): string {
  const [verb, form] = wanted > ready ? ['grow', 'grows'] : ['shrink', 'shrinks']
  const change = `from ${ready} to ${wanted}`
  if (mode === 'observe') return `${name} would ${verb} ${change}`
  return mode === 'recommend' ? `${name} waits for approval to ${verb} ${change}` : `${name} ${form} ${change}`
}

/** Why a pool has its size, in a sentence. */
export function sentenceOf(
  pool: PoolJson,
  explanation: Pick<PoolExplanationJson, 'reason'> | undefined,
): { mood: PageMood; text: string } {
  const { ready, wanted, provisioning } = pool.size
  const coming = provisioning > 0 ? `, ${provisioning} coming` : ''
  const held =
    pool.mode === 'act' ? '' : pool.mode === 'recommend' ? ', the rest waits for approval' : ', and only observes'
  const count =
    ready === wanted
      ? `${plural(ready, 'node')}, as wanted`
      : `${ready} of ${plural(wanted, 'wanted node')}${coming}${ready < wanted ? held : ''}`
  const why = explanation === undefined ? '' : `: ${explanation.reason}`
  const mood: PageMood =
    problemsOf(pool).length > 0 ? 'act' : isAsked(pool) ? 'todo' : ready < wanted ? 'mending' : 'good'
  return { mood, text: `${count}${why}.` }
}

/** What a mode means. */
export const modeWords: Record<PoolJson['mode'], string> = {
  observe: 'observe: decisions are shown, and nothing is done',
  recommend: 'recommend: decisions wait for your approval',
  act: 'act: decisions are done',
}
