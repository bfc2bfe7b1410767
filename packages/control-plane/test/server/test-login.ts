import type { ServerSpec } from '@navarch/config/navarch-config'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { newSecret } from '@navarch/system/secret'
import { type OpenedLogin, openLogin } from '../../src/server/auth/open-login.ts'
import type { ApiTokenRecord, SessionRecord } from '../../src/store/credential-records.ts'

/** What would be on disk. */
export interface CredentialsDouble {
  tokens: Map<string, ApiTokenRecord>
  sessions: Map<string, SessionRecord>
}

export const noCredentials = (): CredentialsDouble => ({ tokens: new Map(), sessions: new Map() })

type Effects = Parameters<typeof openLogin>[0]['effects']

/** Logins over a store in memory; given the same one again, it is as after a restart. */
export async function openTestLogin(
  auth: Partial<ServerSpec['auth']> = {},
  {
    authToken,
    stored = noCredentials(),
    effects = {},
    externalAddress,
    trustedProxies,
  }: {
    authToken?: string
    stored?: CredentialsDouble
    effects?: Partial<Effects>
    externalAddress?: string
    trustedProxies?: ServerSpec['trustedProxies']
  } = {},
): Promise<OpenedLogin> {
  let ids = stored.tokens.size
  return openLogin({
    server: {
      auth: {
        tokens: [],
        protectJobs: false,
        sessionIdleMs: 3_600_000,
        sessionLifetimeMs: 24 * 3_600_000,
        allowHttp: false,
        ...auth,
      },
      ...(externalAddress !== undefined && { externalAddress }),
      ...(trustedProxies && { trustedProxies }),
    },
    authToken,
    store: {
      credentials: async () => ({ tokens: [...stored.tokens.values()], sessions: [...stored.sessions.values()] }),
    },
    fleet: {
      async commit(changes) {
        for (const change of changes) {
          if (change.kind === 'api-token') stored.tokens.set(change.token.id, change.token)
          else if (change.kind === 'api-token-removed') stored.tokens.delete(change.id)
          else if (change.kind === 'session') stored.sessions.set(change.session.id, change.session)
          else if (change.kind === 'session-removed') stored.sessions.delete(change.id)
        }
      },
    },
    effects: {
      clock: systemClock,
      log: silentLog,
      fetch,
      env: {},
      newId: () => {
        ids += 1
        return `token${String(ids).padStart(7, '0')}`
      },
      newSecret,
      ...effects,
    },
  })
}
