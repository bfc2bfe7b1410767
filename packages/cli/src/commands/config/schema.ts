import { configJsonSchema, configJsonSchemaText } from '@navarch/config/config-json-schema'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'

/** `navarch config schema`: the JSON Schema of navarch-config.yaml, for editors. */
export async function configSchema(context: CommandContext): Promise<number> {
  await printDocument(context, configJsonSchema(), configJsonSchemaText)
  return 0
}
