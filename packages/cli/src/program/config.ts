import { type Define, examples } from './define.ts'

/** config check, explain, schema */
export const defineConfigCommands: Define = (parent, act) => {
  const config = parent
    .command('config')
    .helpCommand(false)
    .description('check and explain navarch-config.yaml, on this machine')

  const check = config
    .command('check <file>')
    .description('every error and warning of a configuration, as FILE:LINE:COLUMN')
    .action((file: string) =>
      act(async (context) => (await import('../commands/config/check.ts')).configCheck(context, file)),
    )
  examples(check, 'config check navarch-config.yaml')

  const explain = config
    .command('explain <file>')
    .description('the effective value of every key, and where it comes from')
    .action((file: string) =>
      act(async (context) => (await import('../commands/config/explain.ts')).configExplain(context, file)),
    )
  examples(explain, 'config explain navarch-config.yaml')

  const schema = config
    .command('schema')
    .description('the JSON Schema of navarch-config.yaml, for editors')
    .action(() => act(async (context) => (await import('../commands/config/schema.ts')).configSchema(context)))
  examples(schema, 'config schema > navarch-config.schema.json')
}
