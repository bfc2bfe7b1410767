import { isIP } from 'node:net'
import type { Network } from '../navarch-config.ts'
import { text } from './scalars.ts'
import type { Schema } from './schema.ts'

export interface ListenAddress {
  host: string
  port: number
}

/** What a network looks like; `parseNetwork` knows which are some. */
const networkPattern = '^[0-9A-Fa-f:.]+(/\\d{1,3})?$'

/** Parses "10.0.0.0/8", "fd00::/8", or an address alone. */
export function parseNetwork(value: string): Network | undefined {
  if (!new RegExp(networkPattern).test(value)) return undefined
  const [address = '', bits] = value.split('/')
  const version = isIP(address)
  if (version === 0) return undefined
  const most = version === 4 ? 32 : 128
  const prefix = bits === undefined ? most : Number(bits)
  return prefix > most ? undefined : { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix }
}

/** A network, as `parseNetwork` takes it. */
export function network(): Schema<Network> {
  const written = text('an IP address or a network such as 10.0.0.0/8', (value) => parseNetwork(value) !== undefined, {
    pattern: networkPattern,
  })
  return {
    rule: written.rule,
    jsonSchema: written.jsonSchema,
    format: ({ address, prefix }) => `${address}/${prefix}`,
    read(node, path, reader) {
      const value = written.read(node, path, reader)
      return value === undefined ? undefined : parseNetwork(value)
    },
  }
}

/** Parses "host:port", ":port" (all addresses) or "[ipv6]:port". */
export function parseListenAddress(value: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  if (!match || port > 65535) return undefined
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}

/** Formats an address as it is written in the file. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Where to listen. Port 0 lets the system choose. */
export function listenAddress(): Schema<ListenAddress> {
  const written = text(
    'an address to listen on, such as 0.0.0.0:50051 or :50051',
    (value) => parseListenAddress(value) !== undefined,
    { pattern: ':\\d{1,5}$' },
  )
  return {
    rule: written.rule,
    jsonSchema: written.jsonSchema,
    format: formatListenAddress,
    read(node, path, reader) {
      const value = written.read(node, path, reader)
      return value === undefined ? undefined : parseListenAddress(value)
    },
  }
}

/** Where to listen, or "none". */
export function listenAddressOrNone(): Schema<ListenAddress | 'none'> {
  const written = text(
    'an address to listen on, such as 0.0.0.0:8080 or :8080, or none',
    (value) => value === 'none' || parseListenAddress(value) !== undefined,
    { pattern: '^none$|:\\d{1,5}$' },
  )
  return {
    rule: written.rule,
    jsonSchema: written.jsonSchema,
    format: (value) => (value === 'none' ? value : formatListenAddress(value)),
    read(node, path, reader) {
      const value = written.read(node, path, reader)
      return value === undefined || value === 'none' ? value : parseListenAddress(value)
    },
  }
}

/** An http or https URL, without a trailing slash; credentials in it are not shown. */
export function httpUrl(): Schema<string> {
  return url('a URL that starts with http:// or https://', (value) => isHttpUrl(value), '^https?://')
}

/** An http or https URL, or "unix:/path" of a socket. */
export function socketOrHttpUrl(): Schema<string> {
  const accept = (value: string) => /^unix:\/\S+$/.test(value) || isHttpUrl(value)
  return url('an http:// or https:// URL, or unix:/path of a socket', accept, '^(https?://|unix:/)')
}

/** The base URL that nodes use: http or https; a bare "host:port" means http. */
export function baseUrl(): Schema<string> {
  const complete = (value: string) => (/^https?:\/\//i.test(value) ? value : `http://${value}`)
  const accept = (value: string) => isHttpUrl(complete(value)) && (value.includes('://') || /:\d+$/.test(value))
  return url('a URL such as http://10.0.0.1:50051, or host:port', accept, '^(https?://\\S+|[^/\\s]+:\\d+)$', complete)
}

function url(
  rule: string,
  accept: (value: string) => boolean,
  pattern: string,
  complete: (value: string) => string = (value) => value,
): Schema<string> {
  const written = text(rule, accept, { pattern }, { mayBeSecret: true })
  return {
    rule,
    jsonSchema: written.jsonSchema,
    format: (value) => value.replace(/\/\/[^/@]*@/, '//(redacted)@'),
    read(node, path, reader) {
      const value = written.read(node, path, reader)
      return value === undefined ? undefined : complete(value).replace(/\/+$/, '')
    },
  }
}

function isHttpUrl(value: string): boolean {
  return /^https?:\/\/\S+$/i.test(value) && URL.canParse(value)
}
