import { type ParseOptions, parseConfig, type RefusedConfig } from './parse-config.ts'
import type { ConfigWarning } from './problem.ts'
import type { Setting } from './resolve/settings.ts'

export interface ExplainedConfig {
  /** The effective value of every key, the file's own and defaults alike; secrets are redacted. */
  settings: Setting[]
  warnings: ConfigWarning[]
  errors?: undefined
}

/** Tells the effective value of every key of a configuration, and where it comes from. */
export function explainConfig(text: string, options: ParseOptions): ExplainedConfig | RefusedConfig {
  const parsed = parseConfig(text, options)
  return parsed.errors ? parsed : { settings: parsed.settings, warnings: parsed.warnings }
}
