import type { DeviceLoginJson, DevicePollJson, SessionJson } from '@navarch/api/auth'
import { CliError, exitCodes } from '../cli-error.ts'
import { type Client, createClient } from '../client.ts'
import { storeLogin } from '../client-file-write.ts'
import type { CommandContext } from '../context.ts'

export interface LoginOptions {
  withToken?: boolean
}

/**
 * `navarch login`: by the identity provider, with a code that is entered in a browser, or with a token from standard input. What
 * it comes to is kept in the user's client.yaml.
 */
export async function login(context: CommandContext, { withToken }: LoginOptions): Promise<number> {
  const { io } = context
  const client = await context.connect()
  const session = await client.get<SessionJson>('authSession')
  if (session.access === 'open') {
    io.stdout.write(`Nobody needs to log in at ${client.settings.server}: no token is configured there\n`)
    return 0
  }
  const token = withToken ? await readToken(context) : await tokenByDevice(context, client, session)
  const { user } = await createClient({ ...client.settings, authToken: token }, io).get<SessionJson>('authSession')
  if (!user) throw new CliError(exitCodes.failed, `${client.settings.server} does not take that token`)
  const path = await storeLogin(io, { server: client.settings.server, authToken: token })
  io.stdout.write(`Logged in at ${client.settings.server} as ${user.name} (${user.role}); kept in ${path}\n`)
  return 0
}

async function readToken({ io }: CommandContext): Promise<string> {
  const token = (await io.readStdin()).trim()
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new CliError(exitCodes.usage, 'standard input has no token', 'Use: navarch login --with-token < FILE')
}

async function tokenByDevice({ io }: CommandContext, client: Client, { login }: SessionJson): Promise<string> {
  if (!login.oidc || login.oidc.device === false) {
    const why = login.oidc
      ? `${login.oidc.name} has no login on another device`
      : 'no identity provider is configured there'
    throw new CliError(exitCodes.failed, why, 'Log in with a token: navarch login --with-token < FILE')
  }
  const device = await client.post<DeviceLoginJson>('authDevice', {})
  io.stderr.write(
    `Open ${device.verification_uri_complete ?? device.verification_uri} in a browser and confirm the code ${device.user_code}\n`,
  )
  const end = io.clock.now() + device.expires_in * 1000
  let waitMs = device.interval * 1000
  while (io.clock.now() < end) {
    await io.clock.sleep(waitMs, io.signal)
    const answer = await client.post<DevicePollJson>('authDevicePoll', {}, { device_login: device.device_login })
    if (answer.state === 'done') return answer.token
    if (answer.state === 'failed') throw new CliError(exitCodes.failed, answer.message)
    waitMs = answer.interval * 1000
  }
  throw new CliError(exitCodes.failed, 'the login was not completed in time', 'Begin again: navarch login')
}
