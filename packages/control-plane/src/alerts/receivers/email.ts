import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { EmailReceiver } from '@navarch/core/alert/alerts-spec'
import { createTransport } from 'nodemailer'
import { hidden } from './post-json.ts'
import { DeliveryError, type ReceiverEffects, type SendMessage } from './receiver.ts'

/** Sends mail by SMTP. A message that is sent twice has the same Message-ID. */
export function emailSender(spec: EmailReceiver, effects: ReceiverEffects): SendMessage {
  return async (message, signal) => {
    const password = spec.password && (await effects.secret(spec.password))
    const transport = createTransport({
      host: spec.host,
      port: spec.port,
      secure: spec.tls === 'tls',
      requireTLS: spec.tls === 'starttls',
      ignoreTLS: spec.tls === 'none',
      ...(spec.username !== undefined && { auth: { user: spec.username, pass: password ?? '' } }),
      connectionTimeout: spec.timeoutMs,
      greetingTimeout: spec.timeoutMs,
      socketTimeout: spec.timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    try {
      await Promise.race([transport.sendMail(mailOf(message, spec)), aborted])
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      throw new DeliveryError(hidden(text, [password ?? '']), { permanent: isPermanent(error) })
    } finally {
      transport.close()
    }
  }
}

/** SMTP's 5xx, RFC 5321 section 4.2.1; those of a login may be mended without a change of the message. */
function isPermanent(error: unknown): boolean {
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown }
  return typeof responseCode === 'number' && responseCode >= 500 && code !== 'EAUTH'
}

function mailOf(message: AlertMessage, { from, to }: Pick<EmailReceiver, 'from' | 'to'>) {
  const domain = from.split('@')[1] ?? 'navarch'
  const thread = `<navarch-${message.groupId}@${domain}>`
  return {
    from,
    to: [...to],
    subject: message.title.replace(/\s+/g, ' ').slice(0, 200),
    text: [message.text, ...(message.url === '' ? [] : ['', message.url])].join('\n'),
    messageId: `<navarch-${message.id}@${domain}>`,
    // Mails of a group make one thread.
    references: thread,
    inReplyTo: thread,
    headers: { 'auto-submitted': 'auto-generated', 'x-navarch-severity': message.severity },
  }
}
