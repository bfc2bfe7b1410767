import type { ApiTokenJson, NewApiTokenJson } from '@navarch/api/auth'
import { CliError, exitCodes } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import { formatAge } from '../output/age.ts'
import { printDocument } from '../output/print.ts'
import { type Column, renderTable } from '../output/table.ts'
import { listTable } from '../show.ts'

export interface TokenCreateOptions {
  name: string
  role: string
  /** ms; absent: it does not expire. */
  expires?: number
}

/** `navarch token create`: the token goes to standard output, and everything about it to standard error. */
export async function tokenCreate(context: CommandContext, options: TokenCreateOptions): Promise<number> {
  const { name, role, expires } = options
  if (expires !== undefined && expires < 60_000) {
    throw new CliError(exitCodes.usage, `--expires: a token holds for a minute at least`)
  }
  const client = await context.connect()
  const expiresIn = expires === undefined ? null : Math.round(expires / 1000)
  const token = await client.post<NewApiTokenJson>('tokens', {}, { name, role, expires_in_seconds: expiresIn })
  await printDocument(context, token, () => `${token.token}\n`)
  if (context.output === 'table' || context.output === 'wide') {
    const end = token.expires_at === null ? 'does not expire' : `expires at ${token.expires_at}`
    context.io.stderr.write(
      `Token ${token.id} (${role}) ${end}. It is shown this once: keep it as you keep a password.\n`,
    )
  }
  return 0
}

/** `navarch token list`: without their secrets. */
export async function tokenList(context: CommandContext, options: { all?: boolean }): Promise<number> {
  const client = await context.connect()
  const tokens = (await client.list<ApiTokenJson>('tokens')).filter(({ state }) => options.all || state === 'active')
  const none = options.all ? 'No tokens were made here' : 'No tokens are good now (--all shows those that are over)'
  await printDocument(context, tokens, () =>
    listTable(context, tokens, none, (rows) => renderTable(columns(context.io.clock.now()), rows, context.table())),
  )
  return 0
}

/** `navarch token revoke ID`: from now on nobody is let in by it. */
export async function tokenRevoke(context: CommandContext, id: string): Promise<number> {
  const client = await context.connect()
  const token = await client.delete<ApiTokenJson>('token', { id })
  await printDocument(context, token, () => `Token ${token.id} (${token.name}) revoked\n`)
  return 0
}

function columns(now: number): Column<ApiTokenJson>[] {
  const age = (time: string | null, otherwise: string) => (time === null ? otherwise : formatAge(time, now))
  return [
    { header: 'TOKEN', cell: (token) => token.id },
    { header: 'NAME', cell: (token) => token.name },
    { header: 'ROLE', cell: (token) => token.role },
    { header: 'STATE', cell: (token) => token.state },
    { header: 'CREATED', cell: (token) => formatAge(token.created_at, now) },
    { header: 'BY', cell: (token) => token.created_by },
    { header: 'LAST-USED', cell: (token) => age(token.last_used_at, 'never') },
    { header: 'EXPIRES', cell: (token) => token.expires_at ?? 'never' },
  ]
}
