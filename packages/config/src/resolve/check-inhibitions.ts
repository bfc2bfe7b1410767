import { type AlertRule, rulesInForce } from '@navarch/core/alert/alert-rule'
import { defaultRules } from '@navarch/core/alert/default-rules'
import { cycleProblem, inhibitionCycle } from '@navarch/core/alert/inhibition-cycle'
import type { alertRuleKeys } from '../keys/alert-keys.ts'
import { nearestWord } from '../nearest.ts'
import type { ObjectValue, Reader } from '../schema/schema.ts'

/**
 * Looks at what rules say explains them: rules that mute each other in a circle are refused, names that mean nothing are told.
 * @param values as they were given @param rules what became of them
 */
export function checkInhibitions(
  values: readonly ObjectValue<typeof alertRuleKeys>[],
  rules: readonly AlertRule[],
  defaults: boolean,
  reader: Reader,
): void {
  const inForce = rulesInForce(defaults ? defaultRules : [], rules)
  const names = inForce.map((rule) => rule.name)
  const told = new Set<string>()
  for (const { given, place, path } of values) {
    const { name, inhibited_by: causes } = given
    if (!name) continue
    for (const cause of causes?.value ?? []) {
      if (cause.value === name.value)
        reader.warn(cause.place, cause.path, 'a rule does not explain itself: take it out')
      else if (!names.includes(cause.value)) {
        reader.warn(cause.place, cause.path, unknownRule(cause.value, names))
      }
    }
    const cycle = inhibitionCycle(name.value, inForce)
    const circle = [...new Set(cycle)].sort().join('\n')
    if (!cycle || told.has(circle)) continue
    told.add(circle)
    const next = causes?.value.find((cause) => cause.value === cycle[1])
    reader.error(next?.place ?? place, next?.path ?? path, cycleProblem(cycle))
  }
}

/** What to say of a name that no rule has. Rules that are made over the API are not known here. */
export function unknownRule(name: string, names: readonly string[]): string {
  const near = nearestWord(name, names)
  const hint =
    near === undefined ? 'it does nothing unless such a rule is made over the API' : `did you mean "${near}"?`
  return `no rule is called "${name}": ${hint}`
}
