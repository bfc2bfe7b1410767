import { CliError, exitCodes } from './cli-error.ts'
import { type ClientFile, parseClientFile } from './client-file.ts'
import { userFilePath } from './client-file-write.ts'
import type { Io } from './io.ts'
import { defaultServer, parseServer } from './server-address.ts'

/** Where the control plane is and how to talk to it. */
export interface ClientSettings {
  /** Origin, and a path when it stands behind one, without "/" at the end. */
  server: string
  /** What chose the server, e.g. "--server" or "/etc/navarch/client.yaml"; for messages. */
  serverSource: string
  authToken: string | undefined
  /** How long one request may take, ms. */
  timeoutMs: number
  /** Take any TLS certificate. */
  insecure: boolean
  /** File of the authorities of the server's certificate; absent: those of the machine. */
  tlsCa?: string
}

export interface SettingFlags {
  server?: string
  insecure?: boolean
  authToken?: string
  timeout?: string
  tlsCa?: string
}

export const defaultTimeout = '30s'
const systemFile = '/etc/navarch/client.yaml'

/**
 * The settings that hold: flags, then the environment, then the user's client.yaml, then the machine's, then the
 * default. A file's token and its `insecure` hold for that file's own server alone.
 * @throws CliError `usage` naming the setting, its source and what is allowed
 */
export async function resolveSettings(flags: SettingFlags, io: Io): Promise<ClientSettings> {
  const { env } = io
  const timeoutMs = parseTimeout(flags.timeout ?? defaultTimeout)
  const given = flags.server !== undefined ? '--server' : env['NAVARCH_SERVER'] ? 'NAVARCH_SERVER' : undefined
  const paths = [userFilePath(io), systemFile]
  const files: ClientFile[] = []
  for (const path of paths) {
    const file = await readClientFile(path, io, given !== undefined)
    if (file) files.push({ ...file, ...(file.server && { server: parseServer(file.server, `${path}: server`) }) })
  }
  const chosen = chooseServer(flags.server ?? (env['NAVARCH_SERVER'] || undefined), given, files)
  const own = files.filter((file) => (file.server ?? defaultServer) === chosen.server)
  const tlsCa = flags.tlsCa ?? (env['NAVARCH_TLS_CA'] || own.find((file) => file.tlsCa !== undefined)?.tlsCa)
  return {
    ...chosen,
    timeoutMs,
    authToken: chooseToken(flags.authToken, own, io),
    insecure: flags.insecure ?? own.some((file) => file.insecure),
    ...(tlsCa && { tlsCa }),
  }
}

function chooseServer(
  text: string | undefined,
  source: string | undefined,
  files: readonly ClientFile[],
): Pick<ClientSettings, 'server' | 'serverSource'> {
  if (text !== undefined && source !== undefined) return { server: parseServer(text, source), serverSource: source }
  const file = files.find((candidate) => candidate.server !== undefined)
  if (file?.server !== undefined) return { server: file.server, serverSource: file.path }
  return { server: defaultServer, serverSource: 'the default' }
}

function chooseToken(flag: string | undefined, files: readonly ClientFile[], { env }: Io): string | undefined {
  const candidates: [string, string | undefined][] = [
    ['--auth-token', flag],
    ['NAVARCH_AUTH_TOKEN', env['NAVARCH_AUTH_TOKEN']],
    ['NAVARCH_TOKEN', env['NAVARCH_TOKEN']],
    ...files.map((file): [string, string | undefined] => [`${file.path}: auth_token`, file.authToken]),
  ]
  const found = candidates.find(([, token]) => token)
  if (!found) return undefined
  const [source, token = ''] = found
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw usage(`${source}: a token may have printable ASCII characters alone, without spaces`)
}

function parseTimeout(text: string): number {
  const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000 }
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text)
  const ms = Number(match?.[1]) * (unitMs[match?.[2] ?? ''] ?? Number.NaN)
  if (ms >= 1 && ms <= 3_600_000) return ms
  throw usage(`--timeout: "${text}" is not a duration between 1ms and 60m, such as "30s"`)
}

async function readClientFile(path: string, io: Io, optional: boolean): Promise<ClientFile | undefined> {
  let text: string
  try {
    text = await io.readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (optional || code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw usage(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  return parseClientFile(path, text)
}

function usage(message: string): CliError {
  return new CliError(exitCodes.usage, message)
}
