import { InvalidArgumentError } from 'commander'

/** Where to listen; without a host on all addresses of this machine. */
export interface ListenAddress {
  host?: string
  port: number
}

/** Parses ":9341", "9341", "127.0.0.1:9341" or "[::1]:9341", for commander. */
export function listenAddress(text: string): ListenAddress {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]*)):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) throw new InvalidArgumentError('It must be [HOST]:PORT, for example :9341.')
  const host = match[1] ?? match[2]
  return host ? { host, port } : { port }
}
