import type { ConfigWarning, Place } from './problem.ts'

/** Something outside the file that it relies on. Whether it is there is not known before somebody looks. */
export interface OutsideReference extends Place {
  kind: 'variable' | 'file' | 'volume'
  /** Name of the variable; the path as it is used. */
  name: string
  /** Path of the key, e.g. "alerts.receivers[0].url_env". */
  key: string
  /** How things are without it, e.g. "the receiver takes no message". */
  without: string
}

/** What a look came to: `silent` is what did not answer in time. */
export type OutsideSight = 'there' | 'missing' | 'silent'

const said: Record<OutsideReference['kind'], (name: string, without: string) => string> = {
  variable: (name, without) =>
    `the variable ${name} is not set here: without it ${without}; set it for the control plane`,
  file: (name, without) => `the file ${name} is not here: without it ${without}; make it where the control plane runs`,
  volume: (name, without) => `${name} is not here: ${without}; write a path of the machine of the control plane`,
}

/** A warning for each that is not there. @param look as it is on the machine that looks */
export async function missingOutside(
  file: string,
  references: readonly OutsideReference[],
  look: (reference: OutsideReference) => Promise<OutsideSight>,
): Promise<ConfigWarning[]> {
  const warnings = references.map(async (reference): Promise<ConfigWarning[]> => {
    const { kind, name, key, line, column, without } = reference
    const sight = await look(reference)
    if (sight === 'there') return []
    const message =
      sight === 'missing'
        ? said[kind](name, without)
        : `${name} does not answer here: whether it is there is not known; see whether its file system does`
    return [{ file, line, column, key, message }]
  })
  return (await Promise.all(warnings)).flat()
}
