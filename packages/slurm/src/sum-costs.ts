import type { CommandCost } from './snapshot.ts'

/** Costs by command: before 24.11 a look runs squeue twice. */
export function sumCosts(costs: readonly CommandCost[]): Map<string, Omit<CommandCost, 'command'>> {
  const sums = new Map<string, Omit<CommandCost, 'command'>>()
  for (const { command, tookMs, bytes } of costs) {
    const before = sums.get(command) ?? { tookMs: 0, bytes: 0 }
    sums.set(command, { tookMs: before.tookMs + tookMs, bytes: before.bytes + bytes })
  }
  return sums
}
