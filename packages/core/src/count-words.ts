/** "1 node", "2 nodes". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** The verb that goes with a number: "is" of one, else "are". */
export function isAre(count: number): 'is' | 'are' {
  return count === 1 ? 'is' : 'are'
}

/** "1 of 4 GPUs is", "3 of 4 GPUs are", "0 of 1 node is": the verb goes with what is told of, or with the only one there is. */
export function partOf(count: number, total: number, one: string, many?: string): string {
  return `${count} of ${counted(total, one, many)} ${isAre(total === 1 ? 1 : count)}`
}

/** "gpu-1", "gpu-1 and gpu-2", "gpu-1, gpu-2 and 3 more". @param most names that are written out */
export function listed(names: readonly string[], most = 3): string {
  if (names.length > most) return `${names.slice(0, most - 1).join(', ')} and ${names.length - most + 1} more`
  if (names.length < 2) return names[0] ?? ''
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** A time span as people say it: "40 s", "20 min", "3 h", "2 days". @param ms at least 0 */
export function spanText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 90) return `${Math.max(1, seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}
