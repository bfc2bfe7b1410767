import type { EventJson } from '@navarch/api/rest'
import type { CommandContext } from '../context.ts'
import { followEvents } from '../follow-events.ts'
import { renderDocument } from '../output/print.ts'
import { printable } from '../output/table.ts'

export interface EventsOptions {
  follow?: boolean
  after?: number
  limit: number
}

/** `navarch events`: the newest events, or those after a number; with --follow, those that happen from then on. */
export async function events(context: CommandContext, options: EventsOptions): Promise<number> {
  const { io } = context
  const client = await context.connect()
  const print = async (event: EventJson) =>
    io.stdout.write(await renderDocument(context, event, () => eventLine(event), { many: true }))

  const past = await client.list<EventJson>('events', { after: options.after, limit: options.limit })
  for (const event of past) await print(event)
  if (options.follow) {
    for await (const event of followEvents(client, io, past.at(-1)?.seq ?? options.after ?? 0)) await print(event)
  } else if (past.length === 0) io.stderr.write('No events found\n')
  return 0
}

/** Widths are fixed, since what comes later is not known. */
function eventLine({ at, type, pool, node, operation, message }: EventJson): string {
  const subject = node || pool || operation || '-'
  return `${printable(`${at}  ${type.padEnd(16)}  ${subject.padEnd(20)}  ${message}`)}\n`
}
