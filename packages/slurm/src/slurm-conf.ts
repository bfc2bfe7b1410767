import { SlurmParseError } from './slurm-error.ts'

/** Values of one line by lower-case key, since Slurm's keys have no case. */
export type ConfValues = Readonly<Record<string, string>>

/** A NodeName, PartitionName or NodeSet line, with what the DEFAULT lines before it add. */
export interface ConfLine {
  /** A hostlist for nodes, a name for partitions and node sets. */
  name: string
  values: ConfValues
  /** 1-based line of the file that it begins on. */
  line: number
}

/** What a slurm.conf says. `scontrol show config` tells what slurmctld runs with: this is for what that leaves out. */
export interface SlurmConf {
  /** Settings of the whole cluster by lower-case key; of one that comes several times (SlurmctldHost), the first. */
  settings: ConfValues
  /** SlurmctldHost lines in order, the primary first. */
  controllers: readonly string[]
  nodes: readonly ConfLine[]
  partitions: readonly ConfLine[]
  nodeSets: readonly ConfLine[]
}

/** How a name of slurm.conf comes to life; `static` is a plain name. */
export type ConfNodeKind = 'future' | 'cloud' | 'static'

const records = { nodename: 'nodes', partitionname: 'partitions', nodeset: 'nodeSets' } as const

/**
 * Parses slurm.conf: comments, lines continued by a backslash, quoted values, `DEFAULT` lines and `Include`.
 * @param include reads an included file, given its path as written; without it an `Include` is an error
 * @throws SlurmParseError that names the line
 */
export function parseSlurmConf(text: string, include?: (path: string) => string): SlurmConf {
  const conf = { nodes: [] as ConfLine[], partitions: [] as ConfLine[], nodeSets: [] as ConfLine[] }
  const defaults = { nodes: {}, partitions: {}, nodeSets: {} } as Record<keyof typeof conf, ConfValues>
  const settings: Record<string, string> = {}
  const controllers: string[] = []

  const read = (content: string, depth: number) => {
    for (const { line, statement } of statements(content)) {
      const path = /^include\s+(\S.*)$/i.exec(statement)?.[1]
      if (path !== undefined) {
        if (!include || depth > 8)
          throw new SlurmParseError(`slurm.conf line ${line}: Include cannot be followed`, statement)
        read(include(path), depth + 1)
        continue
      }
      const pairs = parsePairs(statement, line)
      const [first] = pairs
      const kind = records[first?.[0] as keyof typeof records]
      if (first && kind) {
        const values: ConfValues = { ...defaults[kind], ...Object.fromEntries(pairs.slice(1)) }
        if (first[1].toUpperCase() === 'DEFAULT') defaults[kind] = values
        else conf[kind].push({ name: first[1], values, line })
        continue
      }
      for (const [key, value] of pairs) {
        settings[key] ??= value
        if (key === 'slurmctldhost') controllers.push(value)
      }
    }
  }
  read(text, 0)
  return { ...conf, settings, controllers }
}

/** How the names of a NodeName line come to life. */
export function confNodeKind(node: ConfLine): ConfNodeKind {
  const state = (node.values['state'] ?? '').toUpperCase()
  return state.startsWith('FUTURE') ? 'future' : state.startsWith('CLOUD') ? 'cloud' : 'static'
}

/** Whether slurmd may fetch its configuration from slurmctld (`slurmd --conf-server`). */
export function isConfigless(conf: SlurmConf): boolean {
  const parameters = (conf.settings['slurmctldparameters'] ?? '').toLowerCase().split(',')
  return parameters.some((parameter) => parameter.trim() === 'enable_configless')
}

/** Lines without comments, joined where a backslash ends them. */
function* statements(text: string): Generator<{ line: number; statement: string }> {
  let pending = ''
  let start = 1
  for (const [index, raw] of text.split('\n').entries()) {
    if (pending === '') start = index + 1
    const line = raw
      .replace(/(?<!\\)#.*$/, '')
      .replaceAll('\\#', '#')
      .trimEnd()
    if (line.endsWith('\\')) {
      pending += line.slice(0, -1)
      continue
    }
    const statement = (pending + line).trim()
    pending = ''
    if (statement !== '') yield { line: start, statement }
  }
  if (pending.trim() !== '') yield { line: start, statement: pending.trim() }
}

function parsePairs(statement: string, line: number): [string, string][] {
  const pairs: [string, string][] = []
  const pair = /\s*([A-Za-z][A-Za-z0-9_]*)\s*\+?=\s*(?:"([^"]*)"|(\S*))/y
  while (pair.lastIndex < statement.length) {
    const at = pair.lastIndex
    const match = pair.exec(statement)
    if (!match) throw new SlurmParseError(`slurm.conf line ${line}: not "Key=value"`, statement, at)
    pairs.push([(match[1] ?? '').toLowerCase(), match[2] ?? match[3] ?? ''])
  }
  return pairs
}
