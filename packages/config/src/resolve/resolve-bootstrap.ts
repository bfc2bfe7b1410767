import type { BootstrapSpec } from '@navarch/core/pool/pool-spec'
import { type PoolValue, poolKeys } from '../keys/pool-keys.ts'
import { usesVariable } from '../template.ts'
import type { Resolver } from './settings.ts'

/** `setup_commands` where there are any, else `bootstrap`. */
export function resolveBootstrap(name: string, pool: PoolValue, region: string, resolver: Resolver): BootstrapSpec {
  const { setup_commands: commands, bootstrap } = pool.given
  const custom = commands && commands.value.length > 0
  if (custom && bootstrap) {
    const rule = `excludes setup_commands on line ${commands.place.line}: keep one`
    resolver.reader.error(bootstrap.place, bootstrap.path, rule)
  }
  if (custom) {
    if (region === '' && commands.value.some((command) => usesVariable(command, 'Region'))) {
      resolver.reader.error(commands.place, commands.path, '{{.Region}} has no value: the pool needs a region')
    }
    resolver.pick(`pools.${name}.setup_commands`, poolKeys.setup_commands, [commands])
    return { kind: 'commands', commands: commands.value }
  }
  return { kind: resolver.pick(`pools.${name}.bootstrap`, poolKeys.bootstrap, [bootstrap]) }
}
