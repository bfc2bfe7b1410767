import { retryAfterMs } from '../../telemetry/remote-write-client.ts'
import { DeliveryError, type ReceiverEffects } from './receiver.ts'

export interface PostOptions {
  url: string
  /** As it is sent. */
  body: string
  headers?: Readonly<Record<string, string>>
  signal: AbortSignal
  /** Texts that must not show in an error. */
  secrets: readonly string[]
}

const shownCharacters = 200

/**
 * Posts JSON. A redirect is not followed: what is sent may be a secret.
 * @returns the beginning of the answer
 * @throws DeliveryError
 */
export async function postJson(
  { url, body, headers, signal, secrets }: PostOptions,
  { fetch, now }: Pick<ReceiverEffects, 'fetch' | 'now'>,
): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'user-agent': 'navarch', ...headers },
    redirect: 'manual',
    signal,
  }).catch((cause: unknown) => {
    // Without its cause, which has the URL in it.
    throw new DeliveryError(hidden(sentenceOf(cause, signal), [...secrets, url]))
  })
  // Before it is cut: half a secret is one too.
  const text = hidden(await beginningOf(response).catch(() => ''), secrets)
  if (response.ok) return text
  const { status } = response
  const permanent = status >= 300 && status < 500 && status !== 408 && status !== 425 && status !== 429
  const said = text === '' ? '' : `: ${text.slice(0, shownCharacters)}`
  throw new DeliveryError(`it answered ${status}${said}`, {
    permanent,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), now()),
  })
}

/** The text without any of the secrets. */
export function hidden(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => (secret.length < 4 ? shown : shown.replaceAll(secret, '(hidden)')), text)
}

function sentenceOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason.message : 'no answer in time'
  if (!(error instanceof Error)) return String(error)
  // fetch says "fetch failed" and hides why.
  return error.cause instanceof Error ? error.cause.message : error.message
}

async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const first = await reader?.read()
  await reader?.cancel()
  return Buffer.from(first?.value ?? [])
    .toString()
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
}
