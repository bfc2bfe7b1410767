import { SlurmParseError } from './slurm-error.ts'

const exponents: Record<string, number> = { K: 1, M: 2, G: 3, T: 4, P: 5, E: 6 }

/** A memory size in MiB, and what it is counted for where Slurm says so (`4000Mc`, `2Gn`). */
export interface MemorySize {
  mb: number
  per?: 'cpu' | 'node'
}

/**
 * Parses a memory size such as "50M", "1.5T", "4000Mc", "512Gn", "1024" (MiB).
 * @returns undefined for "UNLIMITED", "N/A", "(null)" and ""
 * @throws SlurmParseError
 */
export function parseMemory(text: string): MemorySize | undefined {
  const word = text.trim()
  if (isNothing(word)) return undefined
  const match = /^(\d+(?:\.\d+)?)([KMGTPE])?[iI]?[bB]?([cn])?$/.exec(word)
  if (!match) throw new SlurmParseError('not a memory size', text)
  const [, number = '', unit = 'M', per] = match
  const mb = Number(number) * 1024 ** ((exponents[unit] ?? 2) - 2)
  return per === undefined ? { mb } : { mb, per: per === 'c' ? 'cpu' : 'node' }
}

/**
 * Parses a count that may have a binary unit: "8", "32K", "1.5M".
 * @returns undefined when it is not a count
 */
export function parseCount(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGTPE])?$/i.exec(text)
  if (!match) return undefined
  return Number(match[1]) * 1024 ** (exponents[match[2]?.toUpperCase() ?? ''] ?? 0)
}

/** Whether the text is one of Slurm's words for "nothing here". */
export function isNothing(text: string): boolean {
  return /^(|\(null\)|n\/a|n\/s|none|unknown|unlimited)$/i.test(text)
}
