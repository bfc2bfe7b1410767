import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { SlackReceiver } from '@navarch/core/alert/alerts-spec'
import { postJson } from './post-json.ts'
import type { ReceiverEffects, SendMessage } from './receiver.ts'

/** Most characters of a section's text. Source: https://docs.slack.dev/reference/block-kit/blocks/section-block */
const longestText = 3000

/** Posts to an incoming webhook of Slack, or of what speaks the same (Mattermost, Rocket.Chat). */
export function slackSender(spec: SlackReceiver, effects: ReceiverEffects): SendMessage {
  return async (message, signal) => {
    const url = await effects.secret(spec.url)
    const body = JSON.stringify({ ...slackBody(message), ...(spec.channel !== undefined && { channel: spec.channel }) })
    await postJson({ url, body, signal, secrets: [url, new URL(url).pathname] }, effects)
  }
}

const signs = { critical: ':red_circle:', warning: ':large_orange_circle:', info: ':large_blue_circle:' } as const

function slackBody(message: AlertMessage) {
  const sign = message.kind === 'resolved' ? ':large_green_circle:' : signs[message.severity]
  const link = message.url === '' ? '' : `\n<${message.url}|Open in Navarch>`
  const text = `${sign} *${escaped(message.title)}*\n${escaped(withoutTitle(message))}`
  const room = longestText - link.length
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text
  return {
    text: escaped(message.title),
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text: `${shown}${link}` } }],
  }
}

/** The text without its first line where the title says that already: here one stands right under the other. */
function withoutTitle({ title, text }: AlertMessage): string {
  const [first = '', ...others] = text.split('\n')
  return first !== '' && title.endsWith(first) ? others.join('\n') : text
}

/** Source: https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
