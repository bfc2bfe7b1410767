import type { CommandContext } from './context.ts'
import { printDocument } from './output/print.ts'
import { type Watched, watch } from './watch.ts'

/** Prints a document once, or keeps showing it. */
export async function show<T>(
  context: CommandContext,
  options: { watch?: boolean },
  watched: Watched<T>,
): Promise<number> {
  if (options.watch) return watch(context, watched)
  const document = await watched.fetch()
  const printed = watched.printed ? watched.printed(document) : document
  await printDocument(context, printed, () => watched.table(document))
  return 0
}

/** A table of rows, or a line on stderr when there are none: stdout stays empty for whoever counts its lines. */
export function listTable<Row>(
  { io }: CommandContext,
  rows: readonly Row[],
  none: string,
  table: (rows: readonly Row[]) => string,
): string {
  if (rows.length > 0) return table(rows)
  io.stderr.write(`${none}\n`)
  return ''
}
