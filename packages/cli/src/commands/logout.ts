import type { SessionJson, SessionUserJson } from '@navarch/api/auth'
import { CliError, exitCodes } from '../cli-error.ts'
import { type Client, createClient } from '../client.ts'
import { forgetLogin, readUserFile, serverOf } from '../client-file-write.ts'
import type { CommandContext } from '../context.ts'

/**
 * `navarch logout`: forgets what `navarch login` keeps, and has the control plane revoke it where the login made it. It is
 * forgotten also where the control plane does not answer.
 */
export async function logout(context: CommandContext): Promise<number> {
  const { io } = context
  const { path, file } = await readUserFile(io)
  if (file.authToken === undefined) {
    io.stdout.write(`Nobody is logged in: ${path} has no token\n`)
    return 0
  }
  const { settings } = await context.connect()
  const server = serverOf(file)
  if (settings.server !== server) {
    const message = `the login in ${path} is for ${server}, not for ${settings.server} (chosen by ${settings.serverSource})`
    throw new CliError(exitCodes.usage, message, `Use: navarch logout --server ${server}`)
  }
  const told = await tellServer(createClient({ ...settings, authToken: file.authToken }, io))
  await forgetLogin(io)
  if (told instanceof CliError) {
    const message = `${path} has forgotten the login, but the control plane was not told: ${told.message}`
    const remedy = 'The token stays good until it expires; an administrator revokes it: navarch token revoke'
    throw new CliError(told.code, message, remedy)
  }
  io.stdout.write(`Logged out at ${server}: ${path} has no token any more\n`)
  if (told) io.stderr.write(`The token of ${told.name} was not made by a login here, and stays good elsewhere\n`)
  for (const name of ['NAVARCH_AUTH_TOKEN', 'NAVARCH_TOKEN']) {
    if (io.env[name]) io.stderr.write(`${name} is set, and still used\n`)
  }
  return 0
}

/** @returns whom the token still lets in; null when nobody; the error where the server could not be told */
async function tellServer(client: Client): Promise<SessionUserJson | null | CliError> {
  try {
    return (await client.post<SessionJson>('authLogout', {})).user
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
}
