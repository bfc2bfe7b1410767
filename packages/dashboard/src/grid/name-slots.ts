import { nameSlots } from './cell-style.ts'

/**
 * Which names have a look of their own: those that had one keep it, so that colours do not jump; those of most nodes get what is free.
 * @param counts nodes of each name
 */
export function assignSlots(
  counts: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const slots = new Map<string, number>()
  const taken = new Set<number>()
  for (const [name, slot] of before) {
    if (!counts.has(name)) continue
    slots.set(name, slot)
    taken.add(slot)
  }
  const free = Array.from({ length: nameSlots }, (_, slot) => slot).filter((slot) => !taken.has(slot))
  const waiting = [...counts]
    .filter(([name]) => !slots.has(name))
    .sort(([one, few], [other, many]) => many - few || (one < other ? -1 : 1))
  for (const [index, slot] of free.entries()) {
    const name = waiting[index]?.[0]
    if (name === undefined) break
    slots.set(name, slot)
  }
  return slots
}
