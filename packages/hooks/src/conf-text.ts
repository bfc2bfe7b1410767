import { parseSlurmConf, type SlurmConf } from '@navarch/slurm/slurm-conf'
import { HooksError } from './hooks-error.ts'

/** slurm.conf and the files that it includes: texts by path, the main one first. */
export type ConfFiles = ReadonlyMap<string, string>

/** One `Key=value` as it is written. */
export interface ConfSetting {
  /** As written. */
  key: string
  value: string
  file: string
  /** 1-based. */
  line: number
  /** Where the value, with its quotes if it has any, begins and ends in the file's text. */
  from: number
  to: number
}

/** `slurm.conf line 12` of a setting, for people. */
export function placeOf({ file, line }: Pick<ConfSetting, 'file' | 'line'>): string {
  return `${file} line ${line}`
}

/**
 * Paths that a configuration includes, as written, in their order.
 * Slurm takes them as relative to the folder of slurm.conf.
 */
export function includedPaths(text: string): string[] {
  return text.split('\n').flatMap((line) => /^\s*include\s+(\S+)\s*$/i.exec(withoutComment(line))?.[1] ?? [])
}

/** The path that `Include` means. */
export function resolveInclude(mainFile: string, path: string): string {
  return path.startsWith('/') ? path : `${folderOf(mainFile)}/${path}`
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/**
 * Reads slurm.conf as a whole.
 * @throws HooksError that names the file and the line which Slurm would not understand either
 */
export function readConf(files: ConfFiles): SlurmConf {
  const [main = ''] = files.keys()
  try {
    return parseSlurmConf(files.get(main) ?? '', (path) => files.get(resolveInclude(main, path)) ?? '')
  } catch (cause) {
    const what = cause instanceof Error ? cause.message.replace(/^slurm\.conf /, '') : String(cause)
    throw new HooksError(`${main}: ${what}`, 'Correct that line, then run this again.', { cause })
  }
}

/**
 * Every place at which a key is set, in the order of reading. Slurm's keys have no case.
 * @throws HooksError where a value goes on in the next line
 */
export function settingsOf(files: ConfFiles, key: string): ConfSetting[] {
  return [...files].flatMap(([file, text]) => settingsInFile(file, text, key))
}

/** The only setting of a key; undefined when it is not set. @throws HooksError when it is set more than once */
export function onlySetting(files: ConfFiles, key: string): ConfSetting | undefined {
  const [first, second] = settingsOf(files, key)
  if (!first || !second) return first
  throw new HooksError(
    `${placeOf(first)} and ${placeOf(second)} both set ${key}: ${JSON.stringify(first.value)} and ${JSON.stringify(second.value)}`,
    `Keep one ${key} line, then run this again.`,
  )
}

function settingsInFile(file: string, text: string, key: string): ConfSetting[] {
  const found: ConfSetting[] = []
  let start = 0
  for (const [index, raw] of text.split('\n').entries()) {
    const pattern = new RegExp(`(?<=^|\\s)(${key})(\\s*=\\s*)("[^"]*"|\\S+)`, 'gi')
    for (const match of withoutComment(raw).matchAll(pattern)) {
      const [, written = '', equals = '', quoted = ''] = match
      const from = start + match.index + written.length + equals.length
      const setting = { key: written, value: quoted.replace(/^"(.*)"$/, '$1'), file, line: index + 1 }
      if (quoted.endsWith('\\'))
        throw new HooksError(
          `${placeOf(setting)}: the value of ${written} goes on in the next line: ${JSON.stringify(quoted)}`,
          'Write it on one line, then run this again.',
        )
      found.push({ ...setting, from, to: from + quoted.length })
    }
    start += raw.length + 1
  }
  return found
}

/** The text with another value; the rest stays as it is. */
export function withValue(text: string, { from, to }: ConfSetting, value: string): string {
  return text.slice(0, from) + value + text.slice(to)
}

/** The text with lines at its end. */
export function withLines(text: string, lines: readonly string[]): string {
  const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return `${ended}${lines.map((line) => `${line}\n`).join('')}`
}

function withoutComment(line: string): string {
  return line.replace(/(?<!\\)#.*$/, '')
}
