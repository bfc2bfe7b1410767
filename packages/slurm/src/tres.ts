import { isNothing, parseCount, parseMemory } from './size.ts'
import { SlurmParseError } from './slurm-error.ts'

/**
 * Trackable resources by name: "cpu", "node", "billing", "gres/gpu", "gres/gpu:h100", "license/matlab", …
 * "mem" is in MiB, as everywhere in Slurm.
 */
export type Tres = Readonly<Record<string, number>>

/**
 * Parses `cpu=8,mem=1500M,billing=8,gres/gpu=8,gres/gpu:h100=8`.
 * @returns an empty record for "(null)", "N/A" and ""
 * @throws SlurmParseError
 */
export function parseTres(text: string): Tres {
  const tres: Record<string, number> = {}
  if (isNothing(text.trim())) return tres
  for (const item of text.trim().split(',')) {
    const equals = item.lastIndexOf('=')
    const name = item.slice(0, equals)
    const value = item.slice(equals + 1)
    const number = name === 'mem' ? parseMemory(value)?.mb : parseCount(value)
    if (equals < 1 || number === undefined) throw new SlurmParseError(`not a TRES (${JSON.stringify(item)})`, text)
    tres[name] = number
  }
  return tres
}
