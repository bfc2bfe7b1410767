import { nearestWord } from '@navarch/config/nearest'
import { CliError, exitCodes } from './cli-error.ts'

/** A client.yaml: where the control plane is, and what to show it. */
export interface ClientFile {
  path: string
  server?: string
  authToken?: string
  insecure?: boolean
  /** File of the authorities of the server's certificate. */
  tlsCa?: string
}

const keys = ['server', 'auth_token', 'insecure', 'tls_ca']

/**
 * Parses a client.yaml with the keys `server`, `auth_token`, `insecure` and `tls_ca`.
 * @throws CliError (usage) that names the file and the key
 */
export async function parseClientFile(path: string, text: string): Promise<ClientFile> {
  const { parseDocument, visit } = await import('yaml')
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem) throw new CliError(exitCodes.usage, `${path}: ${problem.message.split('\n')[0]}`)
  // Plain values need no alias, and an alias may be unresolved or grow without end.
  visit(document, {
    Alias: () => {
      throw new CliError(exitCodes.usage, `${path}: aliases are not allowed here`)
    },
  })
  const content: unknown = document.toJS()
  if (content === null) return { path }
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new CliError(
      exitCodes.usage,
      `${path}: this is no map of keys`,
      'Write a line such as "server: http://localhost:50051".',
    )
  }
  const entries = content as Record<string, unknown>
  for (const key of Object.keys(entries)) if (!keys.includes(key)) throw unknownKey(path, key)
  const server = read(path, entries, 'server', isText, 'an address such as "http://localhost:50051"')
  const authToken = read(path, entries, 'auth_token', isText, 'a text')
  const insecure = read(path, entries, 'insecure', isFlag, 'true or false')
  const tlsCa = read(path, entries, 'tls_ca', isText, 'the path of a file')
  return {
    path,
    ...(server !== undefined && { server }),
    ...(authToken !== undefined && { authToken }),
    ...(insecure !== undefined && { insecure }),
    ...(tlsCa !== undefined && { tlsCa }),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'

/** A key's value; the value itself is not repeated in the error, since it may be a token. */
function read<T>(
  path: string,
  entries: Record<string, unknown>,
  key: string,
  matches: (value: unknown) => value is T,
  allowed: string,
): T | undefined {
  const value = entries[key]
  if (value === undefined || value === null) return undefined
  if (!matches(value)) throw new CliError(exitCodes.usage, `${path}: ${key}: it must be ${allowed}`)
  return value
}

function unknownKey(path: string, key: string): CliError {
  const nearest = nearestWord(key, keys)
  const remedy = nearest ? `Did you mean ${nearest}?` : `Known keys: ${keys.join(', ')}.`
  return new CliError(exitCodes.usage, `${path}: unknown key ${JSON.stringify(key)}`, remedy)
}
