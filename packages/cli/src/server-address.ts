import { CliError, exitCodes } from './cli-error.ts'

export const defaultServer = 'http://localhost:50051'

/**
 * The address of a control plane. "host:port" is accepted too, since that is how addresses are often handed on.
 * @param source what gave it, for the error
 * @throws CliError `usage`
 */
export function parseServer(text: string, source: string): string {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  const plain =
    url && /^https?:$/.test(url.protocol) && url.hostname !== '' && !url.search && !url.hash && !url.username
  if (!plain)
    throw new CliError(exitCodes.usage, `${source}: "${text}" is not an address such as http://control-plane:50051`)
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}
