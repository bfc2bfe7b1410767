import type { CommandContext } from '../context.ts'
import { renderJson } from './json.ts'

/** Prints the only document of a command: the API's shape in json and yaml, `table()` otherwise. */
export async function printDocument(context: CommandContext, document: unknown, table: () => string): Promise<void> {
  context.io.stdout.write(await renderDocument(context, document, table, { many: false }))
}

/** One document as it is printed; `many` when others come before or after it. */
export async function renderDocument(
  { output }: CommandContext,
  document: unknown,
  table: () => string,
  { many }: { many: boolean },
): Promise<string> {
  if (output === 'json') return renderJson(document, { line: many })
  if (output === 'yaml') return (await import('./yaml.ts')).renderYaml(document, { many })
  return table()
}
