import { readFile } from 'node:fs/promises'
import type { SecretSource } from '@navarch/config/navarch-config'

/** A secret, or why there is none, with the remedy. */
export type Secret = { value: string; problem?: undefined } | { problem: string; value?: undefined }

/** Reads a secret where the configuration says it is. A line end after it does not belong to it. */
export async function readSecret(
  source: SecretSource,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Secret> {
  if (source.env !== undefined) {
    const value = env[source.env]?.trim()
    return value ? { value } : { problem: `the variable ${source.env} is not set: set it and start again` }
  }
  try {
    const value = (await readFile(source.file, 'utf8')).trim()
    return value === ''
      ? { problem: `the file ${source.file} is empty: put the secret there and start again` }
      : { value }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { problem: `the file ${source.file} cannot be read: ${why}` }
  }
}
