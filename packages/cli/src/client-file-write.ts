import { join } from 'node:path'
import { parseClientFile } from './client-file.ts'
import type { Io } from './io.ts'

/** The user's own client.yaml. */
export function userFilePath(io: Pick<Io, 'env' | 'home'>): string {
  return join(io.env['XDG_CONFIG_HOME'] || join(io.home, '.config'), 'navarch', 'client.yaml')
}

/**
 * Keeps what a login came to in the user's client.yaml, which nobody else can read. All else in it stays, its comments too.
 * @returns the file
 * @throws CliError when what is there is no client.yaml
 */
export async function storeLogin(
  io: Io,
  { server, authToken }: { server: string; authToken: string },
): Promise<string> {
  const { parseDocument } = await import('yaml')
  const path = userFilePath(io)
  const before = await io.readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  })
  // Says what is wrong with it, rather than to write over it.
  await parseClientFile(path, before)
  const document = parseDocument(before)
  document.set('server', server)
  document.set('auth_token', authToken)
  await io.writePrivateFile(path, document.toString())
  return path
}
