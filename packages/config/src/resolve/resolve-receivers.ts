import type { ReceiverSpec, SecretRef } from '@navarch/core/alert/alerts-spec'
import { type ReceiverValue, receiverVariants } from '../keys/alert-keys.ts'
import type { Given } from '../schema/schema.ts'
import { type PathBase, resolveGivenPath } from './file-path.ts'
import type { Resolver } from './settings.ts'

/** Effective settings of the receivers; those with an error are left out. */
export function resolveReceivers(values: readonly ReceiverValue[], base: PathBase, resolver: Resolver): ReceiverSpec[] {
  const lines = new Map<string, number>()
  return values.flatMap((value) => {
    const { name } = value.given
    if (!name) return []
    const first = lines.get(name.value)
    if (first !== undefined) {
      resolver.reader.error(name.place, name.path, `"${name.value}" is the name of another receiver, on line ${first}`)
      return []
    }
    lines.set(name.value, name.place.line)
    const spec = resolveReceiver(name.value, value, base, resolver)
    return spec ? [spec] : []
  })
}

const without = 'the receiver takes no message'

interface SecretKeys {
  text?: Given<string> | undefined
  env?: Given<string> | undefined
  file?: Given<string> | undefined
}

function resolveReceiver(
  name: string,
  value: ReceiverValue,
  base: PathBase,
  { reader, outside }: Resolver,
): ReceiverSpec | undefined {
  const fail = (message: string) => {
    if (value.intact) reader.error(value.place, value.path, message)
  }
  /** Of several places for one secret, there must be one. */
  const secretOf = (what: string, { text, env, file }: SecretKeys, required: boolean): SecretRef | undefined => {
    const given = [text, env, file].filter((each) => each !== undefined)
    if (given.length > 1) fail(`${what}, ${what}_env and ${what}_file are one setting: keep one`)
    if (given.length === 0 && required)
      fail(`needs ${text === undefined && what !== 'url' ? '' : `${what}, `}${what}_env or ${what}_file`)
    if (env) {
      outside.push({ kind: 'variable', name: env.value, key: env.path, ...env.place, without })
      return { kind: 'env', name: env.value }
    }
    if (file) {
      const path = resolveGivenPath(file, base, reader)
      if (path) outside.push({ kind: 'file', name: path.value, key: path.path, ...path.place, without })
      return path && { kind: 'file', path: path.value }
    }
    return text && { kind: 'text', text: text.value }
  }
  const timeoutMs = value.given.timeout?.value ?? receiverVariants.webhook.timeout.default
  switch (value.type) {
    case 'webhook': {
      const { given } = value
      const url = secretOf('url', { text: given.url, env: given.url_env, file: given.url_file }, true)
      const secret = secretOf('secret', { env: given.secret_env, file: given.secret_file }, false)
      const token = secretOf('token', { env: given.token_env, file: given.token_file }, false)
      if (!url) return undefined
      const headers = given.headers?.value ?? {}
      return { type: 'webhook', name, timeoutMs, url, headers, ...(secret && { secret }), ...(token && { token }) }
    }
    case 'slack': {
      const { given } = value
      const url = secretOf('url', { text: given.url, env: given.url_env, file: given.url_file }, true)
      if (!url) return undefined
      return { type: 'slack', name, timeoutMs, url, ...(given.channel && { channel: given.channel.value }) }
    }
    case 'email': {
      const { to, from, host, port, tls, username, password_env: env, password_file: file } = value.given
      const password = secretOf('password', { env, file }, username !== undefined)
      if (password && !username) fail('a password needs username')
      if (to && to.value.length === 0) fail('to must have at least one address')
      if (!to || !from) return undefined
      const kind = tls?.value ?? receiverVariants.email.tls.default
      return {
        type: 'email',
        name,
        timeoutMs,
        to: to.value,
        from: from.value,
        host: host?.value ?? receiverVariants.email.host.default,
        port: port?.value ?? (kind === 'tls' ? 465 : username ? 587 : 25),
        tls: kind,
        ...(username && { username: username.value }),
        ...(password && { password }),
      }
    }
    case 'pagerduty': {
      const { routing_key_env: env, routing_key_file: file, url } = value.given
      const routingKey = secretOf('routing_key', { env, file }, true)
      if (!routingKey) return undefined
      return {
        type: 'pagerduty',
        name,
        timeoutMs,
        routingKey,
        url: url?.value ?? receiverVariants.pagerduty.url.default,
      }
    }
    case 'alertmanager': {
      const { given } = value
      const { urls, username } = given
      const password = secretOf(
        'password',
        { env: given.password_env, file: given.password_file },
        username !== undefined,
      )
      const token = secretOf('token', { env: given.token_env, file: given.token_file }, false)
      if (token && username) fail('token_env and username are two ways: keep one')
      if (urls && urls.value.length === 0) fail('urls must have at least one')
      if (!urls) return undefined
      return {
        type: 'alertmanager',
        name,
        timeoutMs,
        urls: urls.value,
        ...(token && { token }),
        ...(username && { username: username.value }),
        ...(password && { password }),
      }
    }
  }
}
