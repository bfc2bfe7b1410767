import type { AlertHistoryJson, AlertJson } from '@navarch/api/alerts'
import type { CommandContext } from '../../context.ts'
import { describeAlert } from '../../output/alert.ts'
import { show } from '../../show.ts'

const shownEvents = 20

/** `navarch alert get ID`: one alert, what to do about it, and what has happened to it. */
export async function alertGet(context: CommandContext, id: string, options: { watch?: boolean }): Promise<number> {
  const client = await context.connect()
  return show(context, options, {
    fetch: async () => {
      const alert = await client.get<AlertJson>('alert', { id })
      const events = await client.list<AlertHistoryJson>('alertHistory', { alert: id, limit: shownEvents })
      return { alert, events }
    },
    printed: ({ alert }) => alert,
    table: ({ alert, events }) => describeAlert(alert, events, context.io.clock.now(), context.table()),
  })
}
