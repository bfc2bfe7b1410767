import { tlsKeys } from '../keys/tls-keys.ts'
import type { TlsSpec } from '../navarch-config.ts'
import type { Given, ObjectValue } from '../schema/schema.ts'
import { type PathBase, resolveGivenPath } from './file-path.ts'
import type { Resolver } from './settings.ts'

/** Effective settings of encryption; undefined: there is none. */
export function resolveTls(
  section: ObjectValue<typeof tlsKeys> | undefined,
  base: PathBase,
  resolver: Resolver,
): TlsSpec | undefined {
  if (!section) return undefined
  const { given } = section
  const { pick, reader, outside } = resolver
  const path = (each: Given<string> | undefined, without: string) => {
    const found = resolveGivenPath(each, base, reader)
    if (found) outside.push({ kind: 'file', name: found.value, key: found.path, ...found.place, without })
    return [found]
  }
  const noStart = 'the control plane does not start'
  const certFile = pick('server.tls.cert_file', tlsKeys.cert_file, path(given.cert_file, noStart))
  const keyFile = pick('server.tls.key_file', tlsKeys.key_file, path(given.key_file, noStart))
  const clientCaFile = pick('server.tls.client_ca_file', tlsKeys.client_ca_file, path(given.client_ca_file, noStart))
  const minVersion = pick('server.tls.min_version', tlsKeys.min_version, [given.min_version])
  const caFile = pick('server.tls.ca_file', tlsKeys.ca_file, path(given.ca_file, 'no new node can be set up'))
  const hstsMs = pick('server.tls.hsts', tlsKeys.hsts, [given.hsts])
  if (certFile === undefined || keyFile === undefined) return undefined
  return {
    certFile,
    keyFile,
    ...(clientCaFile !== undefined && { clientCaFile }),
    minVersion,
    ...(caFile !== undefined && { caFile }),
    hstsMs,
  }
}
