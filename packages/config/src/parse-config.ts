import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import { type CollectingReader, createCollectingReader } from './collecting-reader.ts'
import { configKeys } from './keys/config-keys.ts'
import type { PoolEntry } from './keys/pool-keys.ts'
import type { NavarchConfig } from './navarch-config.ts'
import type { OutsideReference } from './outside.ts'
import { type ConfigError, type ConfigWarning, sortProblems } from './problem.ts'
import { choosePoolProvider } from './resolve/choose-pool-provider.ts'
import type { PathBase } from './resolve/file-path.ts'
import { resolveAlerts } from './resolve/resolve-alerts.ts'
import { resolveJobs } from './resolve/resolve-jobs.ts'
import { resolvePool } from './resolve/resolve-pool.ts'
import { checkProvider, findProvider, resolveProviders } from './resolve/resolve-providers.ts'
import { resolveServer } from './resolve/resolve-server.ts'
import { resolveSlurm } from './resolve/resolve-slurm.ts'
import { createResolver, type Resolver, type Setting } from './resolve/settings.ts'
import { readObject } from './schema/containers.ts'
import type { ObjectValue } from './schema/schema.ts'
import { readSourceTree, type SourceNode } from './source-tree.ts'

export interface ParseOptions {
  /** The file's name: it stands in problems, and relative paths start from its folder. */
  file: string
  /** The user's home folder, for "~" in paths. */
  home?: string
}

export interface ParsedConfig {
  config: NavarchConfig
  /** In the order of the file. */
  warnings: ConfigWarning[]
  /** The effective value of every key, and where it comes from. */
  settings: Setting[]
  /** Secrets of receivers, tokens and the login, files of TLS, and volumes: nobody has looked for them. In the order of the file. */
  outside: OutsideReference[]
  errors?: undefined
}

export interface RefusedConfig {
  /** All that is wrong, in the order of the file; never empty. */
  errors: ConfigError[]
  config?: undefined
}

const emptyMap: SourceNode = { kind: 'map', place: { line: 1, column: 1 }, entries: [] }

/**
 * Reads a navarch-config.yaml of either dialect, or of both mixed.
 *
 * Looks at nothing but the text: neither files nor variables that it names need to exist.
 * Never throws; whatever is wrong with the text is an error with its place.
 */
export function parseConfig(text: string, options: ParseOptions): ParsedConfig | RefusedConfig {
  const tree = readSourceTree(text)
  const reader = createCollectingReader(options.file, tree.placeOf)
  const resolver = createResolver(options.file, reader)
  for (const { place, message } of tree.problems) reader.error(place, '', message)

  // What a file means that is not valid YAML can only be guessed: its syntax errors are told alone.
  if (!tree.root && tree.problems.length > 0) return { errors: sortProblems(reader.errors) }
  const root = readObject(configKeys, tree.root ?? emptyMap, '', reader)
  const config = root && resolveConfig(root, options, resolver, reader)

  const errors = sortProblems(reader.errors)
  if (!config || errors.length > 0) return { errors }
  const { rows: settings } = resolver
  const outside = resolver.outside.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return { config, warnings: sortProblems(reader.warnings), settings, outside }
}

function resolveConfig(
  root: ObjectValue<typeof configKeys>,
  base: PathBase,
  resolver: Resolver,
  reader: CollectingReader,
): NavarchConfig {
  const { given } = root
  const global = given.global?.value.given
  const server = resolveServer(given.server?.value, global?.agent?.value, base, resolver)
  const entries = given.providers?.value ?? []
  const providers = resolveProviders(entries, resolver)
  const context = { resolver, base, defaults: given.defaults?.value, globalSshKeys: global?.ssh_key_names }

  const pools: PoolSpec[] = []
  const named = withUniqueNames(given.pools?.value ?? [], reader)
  for (const { name, pool } of named) {
    if (!pool) continue
    const source = choosePoolProvider(pool, resolver)
    const provider = source && findProvider(source.named, entries, providers, resolver)
    for (const other of source?.others ?? []) checkProvider(other, entries, resolver)
    // Checks between keys would mistake a value that was refused for one that is missing.
    if (!name || !pool.intact) continue
    const spec = resolvePool(name.value, pool, source, provider, context)
    spec.inactive.push(...inactiveWithin(pool.path, reader))
    pools.push(spec)
  }
  if (named.length === 0 && !reader.errors.length) {
    reader.warn(given.pools?.place ?? { line: 1, column: 1 }, 'pools', 'there are none: nothing will be provisioned')
  }
  return {
    server,
    providers,
    pools,
    slurm: resolveSlurm(given.slurm?.value, base, resolver),
    jobs: resolveJobs(given.jobs?.value, resolver),
    alerts: resolveAlerts(given.alerts?.value, server, base, resolver),
  }
}

function withUniqueNames(entries: readonly PoolEntry[], reader: CollectingReader): PoolEntry[] {
  const lines = new Map<string, number>()
  return entries.map((entry) => {
    const { name, pool } = entry
    if (!name) return entry
    const first = lines.get(name.value)
    if (first === undefined) {
      lines.set(name.value, name.place.line)
      return entry
    }
    reader.error(
      name.place,
      name.path,
      `"${name.value}" is the name of another pool, on line ${first}: names are unique`,
    )
    return pool ? { pool } : {}
  })
}

/** Keys of the pool that do nothing yet, as paths within it. */
function inactiveWithin(poolPath: string, reader: CollectingReader): string[] {
  const prefix = `${poolPath}.`
  const own = reader.inactivePaths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length))
  return [...new Set(own)]
}
