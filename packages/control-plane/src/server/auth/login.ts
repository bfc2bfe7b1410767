import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Access } from './access.ts'
import type { AttemptLimit } from './attempt-limit.ts'
import type { Credentials } from './credentials.ts'
import type { Oidc } from './oidc.ts'

/** What logins work with. */
export interface Login {
  access: Access
  /** Absent: there is no place to keep sessions and tokens. */
  credentials: Credentials | undefined
  oidc: Oidc | undefined
  failedLogins: AttemptLimit
  /** Logins of the command line that are begun. */
  deviceLogins: AttemptLimit
  /** The address that people use; absent: the one that they came by. */
  publicUrl: string | undefined
  /** How long a session holds at the longest, ms. */
  sessionLifetimeMs: number
  clock: Clock
  log: Log
}
