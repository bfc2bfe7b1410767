import { configKeys } from './keys/config-keys.ts'
import { objectJsonSchema } from './schema/containers.ts'
import type { Definitions, JsonSchema } from './schema/schema.ts'

/**
 * The JSON Schema (draft 2020-12) of navarch-config.yaml, for editors. It allows both dialects. What spans several
 * keys (limits, names of providers, the two spellings of one setting) is checked by the parser alone.
 */
export function configJsonSchema(): JsonSchema {
  const definitions: Definitions = new Map()
  const root = objectJsonSchema(configKeys, definitions)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'navarch-config.yaml',
    description: 'Configuration of the Navarch control plane.',
    ...root,
    $defs: Object.fromEntries(definitions),
  }
}

/** The text of the committed copy, navarch-config.schema.json. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`
}
