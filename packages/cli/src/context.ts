import { type Client, createClient } from './client.ts'
import type { Io } from './io.ts'
import type { TableOptions } from './output/table.ts'
import { type GlobalFlags, resolveSettings } from './settings.ts'

export const outputFormats = ['table', 'wide', 'json', 'yaml'] as const
export type OutputFormat = (typeof outputFormats)[number]

export interface Globals extends GlobalFlags {
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

export function createContext(globals: Globals, io: Io): CommandContext {
  const colour = io.isTTY && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb'
  return {
    io,
    output: globals.output,
    async connect() {
      const settings = await resolveSettings(globals, io)
      const { clock, signal } = io
      return createClient(settings, { clock, signal, fetch: io.openFetch({ insecure: settings.insecure }) })
    },
    table: () => ({ columns: io.isTTY ? io.columns : undefined, colour }),
  }
}
