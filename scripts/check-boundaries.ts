/**
 * Who may import whom, and who may touch the machine. The arrows are the `boundaries` block of ARCHITECTURE.md.
 *
 *   node scripts/check-boundaries.ts
 */
import { dirname, join } from 'node:path/posix'
import { readFiles } from './source-files.ts'

/** A package as its package.json has it. */
export interface PackageRules {
  /** Our own packages in `dependencies`, by short name. */
  ours: string[]
  /** All other packages in `dependencies`. */
  others: string[]
}

export interface Repository {
  /** Contents of every TypeScript file, by path relative to the root. */
  sources: ReadonlyMap<string, string>
  packages: ReadonlyMap<string, PackageRules>
  /** ARCHITECTURE.md's arrows: each package, and those that it may import. */
  arrows: ReadonlyMap<string, readonly string[]>
}

interface Import {
  from: string
  specifier: string
  /** Erased before the program runs. */
  typeOnly: boolean
}

/** Packages that stay free of the machine: no module of Node's, so that they run anywhere and as fast as they can. */
const pure = new Set(['core', 'slurm'])

/** Programs: nothing but what runs or tests them may import them. */
const programs = new Set(['control-plane', 'demo'])

const effects = /\b(?:Date\.now\(|new Date\(\)|set(?:Timeout|Interval)\(|Math\.random\b)/g

/** Everything that is against the rules, one sentence each; empty when all is well. */
export function findBoundaryProblems(repository: Repository): string[] {
  const imports = [...repository.sources].flatMap(([path, text]) => importsOf(path, text))
  return [
    ...tableProblems(repository),
    ...imports.flatMap((one) => importProblems(one, repository)),
    ...[...repository.sources].flatMap(([path, text]) => effectProblems(path, text)),
    ...cycleProblems(imports, repository.sources),
  ]
}

/** Reads the fenced block `boundaries` of a Markdown text: lines of `package -> package package`. */
export function readArrows(markdown: string): Map<string, string[]> {
  const block = /^```boundaries\n([\s\S]*?)^```/m.exec(markdown)?.[1] ?? ''
  const lines = block.split('\n').filter((line) => line.includes('->'))
  return new Map(
    lines.map((line) => {
      const [name = '', targets = ''] = line.split('->')
      return [name.trim(), targets.trim().split(/\s+/).filter(Boolean)]
    }),
  )
}

/** The imports of a TypeScript file: statements at the start of a line, and `import('…')`. */
export function importsOf(from: string, text: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\bfrom\s+)?'([^']+)'/gm
  const call = /\bimport\('([^']+)'\)/g
  return [
    ...[...text.matchAll(statement)].map((match) => ({
      from,
      specifier: match[2] ?? '',
      typeOnly: match[1] !== undefined,
    })),
    // Loaded when needed, so no part of a cycle at the start.
    ...[...text.matchAll(call)].map((match) => ({ from, specifier: match[1] ?? '', typeOnly: true })),
  ]
}

function tableProblems({ packages, arrows }: Repository): string[] {
  const problems: string[] = []
  for (const [name, { ours }] of packages) {
    const allowed = arrows.get(name)
    if (!allowed) problems.push(`ARCHITECTURE.md: the boundaries block lacks a line for ${name}`)
    for (const target of ours)
      if (allowed && !allowed.includes(target))
        problems.push(`packages/${name}/package.json: depends on ${target}, which ARCHITECTURE.md does not allow`)
  }
  for (const name of arrows.keys())
    if (!packages.has(name)) problems.push(`ARCHITECTURE.md: the boundaries block names ${name}, which is no package`)
  return [...problems, ...packageCycles(packages)]
}

function importProblems(one: Import, { packages, sources }: Repository): string[] {
  const { from, specifier } = one
  const home = packageOf(from)
  const exempt = isTest(from)
  const refuse = (why: string) => [`${from}: imports ${specifier}: ${why}`]

  if (specifier.startsWith('.')) {
    const target = join(dirname(from), specifier)
    if (home !== undefined && packageOf(target) !== home) return refuse("leaves its package; use the other's name")
    if (!/\.\w+$/.test(specifier)) return refuse('write the file extension')
    return /\.ts$/.test(specifier) && !sources.has(target) ? refuse('there is no such file') : []
  }
  if (specifier.startsWith('node:')) {
    if (specifier === 'node:sqlite' && !exempt && !from.includes('/store/'))
      return refuse('only store/ knows the database')
    return home !== undefined && pure.has(home) && !exempt ? refuse(`${home} decides and parses, nothing else`) : []
  }
  const ours = /^@navarch\/([^/]+)/.exec(specifier)?.[1]
  if (home === undefined) return []
  const rules = packages.get(home)
  if (ours !== undefined) {
    if (programs.has(ours) && home !== 'demo' && home !== ours) return refuse(`nothing stands on ${ours}`)
    if (ours !== home && !rules?.ours.includes(ours)) return refuse(`package.json of ${home} does not name it`)
    return []
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (name === 'kysely' && !exempt && !from.includes('/store/')) return refuse('only store/ knows the database')
  return exempt || rules?.others.includes(name) ? [] : refuse(`package.json of ${home} does not name it`)
}

/** The browser's edge, as `system` is Node's. */
const browserEdge = 'packages/dashboard/src/lib/browser.ts'

function effectProblems(path: string, text: string): string[] {
  const home = packageOf(path)
  if (path === browserEdge) return []
  if (home === undefined || home === 'system' || isTest(path) || !path.includes('/src/') || path.endsWith('/main.ts'))
    return []
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  const found = new Set([...code.matchAll(effects)].map((match) => match[0].replace('(', '')))
  return [...found].map((effect) => `${path}: ${effect}: take a Clock or a random source as an argument`)
}

function packageCycles(packages: ReadonlyMap<string, PackageRules>): string[] {
  return findCycles([...packages.keys()], (name) => packages.get(name)?.ours ?? []).map(
    (cycle) => `packages import each other: ${cycle.join(' -> ')}`,
  )
}

function cycleProblems(imports: readonly Import[], sources: ReadonlyMap<string, string>): string[] {
  const targets = new Map<string, string[]>()
  for (const { from, specifier, typeOnly } of imports) {
    if (typeOnly || !specifier.startsWith('.')) continue
    const target = join(dirname(from), specifier)
    if (sources.has(target)) targets.set(from, [...(targets.get(from) ?? []), target])
  }
  return findCycles([...targets.keys()], (path) => targets.get(path) ?? []).map(
    (cycle) => `files import each other: ${cycle.join(' -> ')}`,
  )
}

/** One cycle for each edge that closes one, in depth-first order. */
function findCycles(nodes: readonly string[], next: (node: string) => readonly string[]): string[][] {
  const done = new Set<string>()
  const cycles: string[][] = []
  const visit = (node: string, path: readonly string[]) => {
    const at = path.indexOf(node)
    if (at >= 0) cycles.push([...path.slice(at), node])
    if (at >= 0 || done.has(node)) return
    for (const target of next(node)) visit(target, [...path, node])
    done.add(node)
  }
  for (const node of nodes) visit(node, [])
  return cycles
}

function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1]
}

function isTest(path: string): boolean {
  return /\.test\.ts$|^packages\/[^/]+\/(?:test|scripts)\//.test(path)
}

/** The rules and the sources as they lie in the repository. */
export async function readRepository(): Promise<Repository> {
  const files = await readFiles(
    (path) => path === 'ARCHITECTURE.md' || /^packages\/[^/]+\/package\.json$/.test(path) || isSource(path),
  )
  const packages = new Map<string, PackageRules>()
  for (const [path, text] of files) {
    const home = packageOf(path)
    if (home === undefined || !path.endsWith('/package.json')) continue
    const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(text)
    const names = Object.keys(dependencies)
    packages.set(home, {
      ours: names.filter((name) => name.startsWith('@navarch/')).map((name) => name.slice('@navarch/'.length)),
      others: names.filter((name) => !name.startsWith('@navarch/')),
    })
  }
  const sources = new Map([...files].filter(([path]) => isSource(path)))
  return { sources, packages, arrows: readArrows(files.get('ARCHITECTURE.md') ?? '') }
}

function isSource(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith('.d.ts')
}

if (import.meta.main) {
  const problems = findBoundaryProblems(await readRepository())
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
