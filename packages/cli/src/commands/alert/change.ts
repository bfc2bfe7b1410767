import type { AlertJson, AlertsChangedJson, AlertTestJson, SilenceJson } from '@navarch/api/alerts'
import { CliError, exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { silenceTable } from '../../output/alert.ts'
import { printDocument } from '../../output/print.ts'
import { parseMatcherText } from './matcher-text.ts'

/** `navarch alert ack ID`: somebody is at it: it is not told again, and does not escalate. */
export function alertAcknowledge(
  context: CommandContext,
  id: string,
  { note = '', group = false }: { note?: string; group?: boolean },
): Promise<number> {
  return changed(context, 'alertAcknowledge', id, { note, group }, 'acknowledged')
}

/** `navarch alert unack ID` */
export function alertUnacknowledge(
  context: CommandContext,
  id: string,
  { group = false }: { group?: boolean },
): Promise<number> {
  return changed(context, 'alertUnacknowledge', id, { group }, 'not acknowledged any more')
}

async function changed(
  context: CommandContext,
  route: 'alertAcknowledge' | 'alertUnacknowledge',
  id: string,
  body: object,
  what: string,
): Promise<number> {
  const client = await context.connect()
  const { alerts } = await client.post<AlertsChangedJson>(route, { id }, body)
  await printDocument(context, alerts, () => alerts.map((alert) => `${alert.summary}: ${what}\n`).join(''))
  return exitCodes.ok
}

export interface SilenceOptions {
  reason: string
  /** ms */
  for: number
}

/** `navarch alert silence MATCHER...`: what all of them match is told to nobody for a time; an alert's id means that alert. */
export async function alertSilence(
  context: CommandContext,
  words: readonly string[],
  { reason, for: ms }: SilenceOptions,
): Promise<number> {
  const client = await context.connect()
  const [only] = words
  const byId = words.length === 1 && only !== undefined && parseMatcherText(only) === undefined
  const matchers = byId
    ? matchersOf(await client.get<AlertJson>('alert', { id: only }))
    : words.map((word) => {
        const matcher = parseMatcherText(word)
        if (matcher) return matcher
        const remedy = 'Write label=value, label!=value, label=~pattern or label!~pattern; or the id of one alert.'
        throw new CliError(exitCodes.usage, `${JSON.stringify(word)} is not a matcher`, remedy)
      })
  const body = { matchers, reason, duration_seconds: ms / 1000 }
  const silence = await client.post<SilenceJson>('alertSilences', {}, body)
  await printDocument(context, silence, () => silenceTable([silence], context.io.clock.now(), context.table()))
  return exitCodes.ok
}

/** The rule and all labels: that alert, and nothing else. */
function matchersOf({ rule, labels }: AlertJson) {
  return Object.entries({ rule, ...labels }).map(([label, value]) => ({ label, op: '=' as const, value }))
}

/** `navarch alert unsilence ID` */
export async function alertUnsilence(context: CommandContext, id: string): Promise<number> {
  const client = await context.connect()
  const silence = await client.delete<SilenceJson>('alertSilence', { id })
  await printDocument(context, silence, () => `silence ${silence.id} is over\n`)
  return exitCodes.ok
}

/** `navarch alert test RECEIVER`: sends a test message now; the status is 1 when it was not taken. */
export async function alertTest(context: CommandContext, receiver: string): Promise<number> {
  const client = await context.connect()
  const test = await client.post<AlertTestJson>('alertReceiverTest', { name: receiver })
  await printDocument(context, test, () =>
    test.sent
      ? `${test.receiver} took a test message in ${test.took_ms} ms\n`
      : `${test.receiver} did not take a test message: ${test.error}\n`,
  )
  return test.sent ? exitCodes.ok : exitCodes.failed
}
