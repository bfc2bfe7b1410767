import { Option } from 'commander'
import type { LoginOptions } from '../commands/login.ts'
import type { TokenCreateOptions } from '../commands/token.ts'
import { type Define, duration, examples } from './define.ts'

/** login; logout; token create, list, revoke */
export const defineAccessCommands: Define = (parent, act) => {
  const login = parent
    .command('login')
    .description('log in at the control plane, by its identity provider or with a token; kept in your client.yaml')
    .option('--with-token', 'read a token from standard input')
    .action((options: LoginOptions) =>
      act(async (context) => (await import('../commands/login.ts')).login(context, options)),
    )
  examples(login, 'login --server https://navarch.example.com:50051', 'login --with-token < token.txt')

  const logout = parent
    .command('logout')
    .description('forget the login in your client.yaml; a token that the login made is revoked')
    .action(() => act(async (context) => (await import('../commands/logout.ts')).logout(context)))
  examples(logout, 'logout')

  const token = parent.command('token').helpCommand(false).alias('tokens').description('tokens for programs and people')

  const create = token
    .command('create')
    .description('make a token and print it, this once')
    .requiredOption('--name <name>', 'what it is called in the log and in the history')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'operator', 'admin', 'agent'])
        .makeOptionMandatory(),
    )
    .option('--expires <duration>', 'how long it holds: 90d, 24h (it does not expire)', duration)
    .action((options: TokenCreateOptions) =>
      act(async (context) => (await import('../commands/token.ts')).tokenCreate(context, options)),
    )
  examples(create, 'token create --name ci --role operator --expires 90d', 'token create --name grafana --role viewer')

  const list = token
    .command('list')
    .alias('ls')
    .description('list tokens that were made here, without their secrets')
    .option('-a, --all', 'those that expired or were revoked too')
    .action((options: { all?: boolean }) =>
      act(async (context) => (await import('../commands/token.ts')).tokenList(context, options)),
    )
  examples(list, 'token list', 'token list --all -o json')

  const revoke = token
    .command('revoke <token>')
    .description('let nobody in by a token any more, by its id or name')
    .action((id: string) => act(async (context) => (await import('../commands/token.ts')).tokenRevoke(context, id)))
  examples(revoke, 'token revoke 3f9a1c20b7de', 'token revoke ci')
}
