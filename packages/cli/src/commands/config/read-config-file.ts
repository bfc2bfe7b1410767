import { CliError, exitCodes } from '../../cli-error.ts'
import type { Io } from '../../io.ts'

/**
 * The text of a configuration file.
 * @throws CliError (failed) when it is not there or cannot be read
 */
export async function readConfigFile({ readFile }: Io, file: string): Promise<string> {
  const text = await readFile(file).catch((error: unknown) => {
    throw new CliError(exitCodes.failed, `${file}: ${error instanceof Error ? error.message : String(error)}`)
  })
  if (text === undefined) throw new CliError(exitCodes.failed, `${file}: no such file`)
  return text
}
