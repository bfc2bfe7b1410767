import { CliError, exitCodes } from './cli-error.ts'
import { type Client, createClient } from './client.ts'
import type { Io } from './io.ts'
import type { TableOptions } from './output/table.ts'
import { resolveSettings, type SettingFlags } from './settings.ts'

export const outputFormats = ['table', 'wide', 'json', 'yaml'] as const
export type OutputFormat = (typeof outputFormats)[number]

export interface GlobalFlags extends SettingFlags {
  output: OutputFormat
}

/** What a command works with. */
export interface CommandContext {
  io: Io
  output: OutputFormat
  /** The control plane that the settings name; nothing is sent before the first call. */
  connect(): Promise<Client>
  /** How tables are drawn here. */
  table(): TableOptions
}

/** The context of one run of the program. */
export function createContext(flags: GlobalFlags, io: Io): CommandContext {
  const { stdout, env } = io
  const colour = stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return {
    io,
    output: flags.output,
    async connect() {
      const settings = await resolveSettings(flags, io)
      if (settings.insecure) io.trustAnyCertificate()
      if (settings.tlsCa !== undefined) io.trustAuthorities(await readAuthorities(settings.tlsCa, io))
      return createClient(settings, io)
    },
    table: () => ({ columns: stdout.isTTY && flags.output !== 'wide' ? stdout.columns : undefined, colour }),
  }
}

async function readAuthorities(path: string, io: Io): Promise<string> {
  try {
    return await io.readFile(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(exitCodes.usage, `--tls-ca, NAVARCH_TLS_CA or tls_ca: ${path} cannot be read: ${why}`)
  }
}
