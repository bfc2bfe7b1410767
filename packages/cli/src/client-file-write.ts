import { join } from 'node:path'
import { type ClientFile, parseClientFile } from './client-file.ts'
import type { Io } from './io.ts'
import { defaultServer, parseServer } from './server-address.ts'

/** The user's own client.yaml. */
export function userFilePath(io: Pick<Io, 'env' | 'home'>): string {
  return join(io.env['XDG_CONFIG_HOME'] || join(io.home, '.config'), 'navarch', 'client.yaml')
}

/**
 * Keeps what a login came to in the user's client.yaml, which nobody else can read. All else in it stays, its comments too;
 * but what was trusted of another server is not of this one.
 * @returns the file
 * @throws CliError when what is there is no client.yaml
 */
export async function storeLogin(
  io: Io,
  { server, authToken }: { server: string; authToken: string },
): Promise<string> {
  const { parseDocument } = await import('yaml')
  const { path, text, file } = await readUserFile(io)
  const document = parseDocument(text)
  if (serverOf(file) !== server) {
    if (file.insecure !== undefined) document.delete('insecure')
    if (file.tlsCa !== undefined) document.delete('tls_ca')
  }
  document.set('server', server)
  document.set('auth_token', authToken)
  await io.writePrivateFile(path, document.toString())
  return path
}

/** Takes the token out of the user's client.yaml. All else in it stays. */
export async function forgetLogin(io: Io): Promise<void> {
  const { parseDocument } = await import('yaml')
  const { path, text } = await readUserFile(io)
  const document = parseDocument(text)
  document.delete('auth_token')
  await io.writePrivateFile(path, document.toString())
}

/**
 * The user's client.yaml, empty where there is none.
 * @throws CliError when what is there is no client.yaml: it says what is wrong with it, rather than to write over it
 */
export async function readUserFile(io: Io): Promise<{ path: string; text: string; file: ClientFile }> {
  const path = userFilePath(io)
  const text = await io.readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  })
  return { path, text, file: await parseClientFile(path, text) }
}

/** The server that a client.yaml is about. */
export function serverOf({ path, server }: ClientFile): string {
  return server === undefined ? defaultServer : parseServer(server, `${path}: server`)
}
