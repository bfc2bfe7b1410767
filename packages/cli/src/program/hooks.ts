import type { Command } from 'commander'
import type { HooksOptions } from '../commands/hooks/hooks-context.ts'
import type { InstallOptions } from '../commands/hooks/install.ts'
import type { RemoveOptions } from '../commands/hooks/remove.ts'
import { type Define, examples } from './define.ts'

/** hooks install, status, remove */
export const defineHooksCommands: Define = (parent, act) => {
  const hooks = parent
    .command('hooks')
    .helpCommand(false)
    .description("Slurm's prolog and epilog hooks on this machine, which tell of every job")

  const install = withPlace(
    hooks.command('install').description("install the hooks; the site's own prologs and epilogs go on running"),
  )
    .option('--service <url>', 'where hooks send to where no agent runs, for example http://observability-service:8080')
    .option('--dry-run', 'print what would change, and change nothing')
    .action((options: InstallOptions) =>
      act(async (context) => (await import('../commands/hooks/install.ts')).hooksInstall(context, options)),
    )
  examples(
    install,
    'hooks install --dry-run',
    'hooks install',
    'hooks install --service http://observability-service:8080',
  )

  const status = withPlace(
    hooks
      .command('status')
      .description(
        'check the hooks, the configuration of Slurm and the way to the service; 1 when something is broken',
      ),
  ).action((options: HooksOptions) =>
    act(async (context) => (await import('../commands/hooks/status.ts')).hooksStatus(context, options)),
  )
  examples(status, 'hooks status', 'hooks status -o json | jq \'.findings[] | select(.state != "ok")\'')

  const remove = withPlace(hooks.command('remove').description('take the hooks out; everything is as it was before'))
    .option('--now', 'delete programs even if Slurm may still run them')
    .option('--dry-run', 'print what would change, and change nothing')
    .action((options: RemoveOptions) =>
      act(async (context) => (await import('../commands/hooks/remove.ts')).hooksRemove(context, options)),
    )
  examples(remove, 'hooks remove --dry-run', 'hooks remove')
}

function withPlace(command: Command): Command {
  return command
    .option('--conf <file>', 'slurm.conf (SLURM_CONF, else where it usually is)')
    .option('--root <folder>', 'the root of an image of a machine, instead of this machine')
}
