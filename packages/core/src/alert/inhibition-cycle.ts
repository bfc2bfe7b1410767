import type { AlertRule } from './alert-rule.ts'

/** What is wrong with a cycle, and what to do. */
export function cycleProblem(cycle: readonly string[]): string {
  return `${cycle.join(' by ')}: rules explain each other in a circle, and nobody could say which of them is the cause; take one name out`
}

type Inhibited = Pick<AlertRule, 'name' | 'inhibitedBy' | 'enabled'>

/**
 * A way from a rule back to itself by what explains it: each of these would mute the next, and the oldest alert alone be heard, whatever the
 * others are. Rules that are off explain nothing.
 * @returns the names from `name` to `name`; undefined when there is no such way, or it is a rule that names itself, which mutes nothing
 */
export function inhibitionCycle(name: string, rules: readonly Inhibited[]): string[] | undefined {
  const causes = new Map(rules.map((rule) => [rule.name, rule.enabled ? rule.inhibitedBy : []]))
  const seen = new Set<string>()
  const ways: string[][] = (causes.get(name) ?? []).filter((cause) => cause !== name).map((cause) => [name, cause])
  for (let way = ways.shift(); way; way = ways.shift()) {
    const last = way.at(-1) ?? name
    if (last === name) return way
    if (seen.has(last)) continue
    seen.add(last)
    for (const cause of causes.get(last) ?? []) ways.push([...way, cause])
  }
  return undefined
}
