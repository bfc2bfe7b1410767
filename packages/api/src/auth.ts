/**
 * Who may do what, and how a browser and the command line log in.
 *
 * | method and path | body | answer |
 * |---|---|---|
 * | GET /auth/session | | SessionJson: open to everybody, whatever they may do |
 * | POST /auth/token-login | {token} | SessionJson, and the session's cookie |
 * | GET /auth/login | return_to (a path of this server) | a redirect to the identity provider |
 * | GET /auth/callback | what the provider sends | a redirect to return_to, or to /login?error=CODE |
 * | POST /auth/logout | | SessionJson: nobody is logged in; a token that was made by hand still is good, and is the user's |
 * | POST /auth/device | | DeviceLoginJson: a login on another device, for the command line |
 * | POST /auth/device/poll | {device_login} | DevicePollJson |
 * | GET /api/v1/tokens | | ApiTokenJson[] |
 * | POST /api/v1/tokens | {name, role, expires_in_seconds or null} | 201, NewApiTokenJson |
 * | DELETE /api/v1/tokens/:id | | ApiTokenJson, revoked |
 * | GET /api/v1/sessions | | OpenSessionJson[]: browsers that are logged in |
 * | DELETE /api/v1/sessions/:id | | OpenSessionJson, ended |
 */
export const authRoutes = {
  session: '/auth/session',
  tokenLogin: '/auth/token-login',
  login: '/auth/login',
  callback: '/auth/callback',
  logout: '/auth/logout',
  deviceLogin: '/auth/device',
  devicePoll: '/auth/device/poll',
} as const

export const tokenRoutes = {
  tokens: '/api/v1/tokens',
  token: '/api/v1/tokens/:id',
  sessions: '/api/v1/sessions',
  session: '/api/v1/sessions/:id',
} as const

/** What a person or a program may do; each role may do what those before it may. */
export type RoleName = 'viewer' | 'operator' | 'admin'

/**
 * The header that a change needs when a browser's session asks for it: its value is `csrf_token` of the session.
 * Requests with a bearer token need none.
 */
export const csrfHeader = 'x-navarch-csrf'

/** Who is asking, and how one logs in here. */
export interface SessionJson {
  /**
   * `open`: no token is configured: everybody may look, and who is on the control plane's own machine may do all.
   * `login`: one must log in.
   */
  access: 'open' | 'login'
  /** Who is asking; null: nobody is logged in, and nothing can be seen. */
  user: SessionUserJson | null
  /** To send in `csrfHeader` with every change; null without a session. */
  csrf_token: string | null
  /** When the session ends whatever happens, RFC 3339; null without one. */
  expires_at: string | null
  /** When it ends if nothing is asked until then, RFC 3339; null without one. */
  idle_expires_at: string | null
  /** What the login page has to offer. */
  login: {
    /** A token, typed in. */
    token: boolean
    /** A session can begin on this connection; else why not, with the remedy. */
    problem: string | null
    oidc: OidcLoginJson | null
  }
}

export interface SessionUserJson {
  name: string
  /** `agent`: a node's agent, which sees nothing of the fleet. */
  role: RoleName | 'agent'
  /** How it is known who that is. */
  via: 'open' | 'token' | 'api-token' | 'session' | 'oidc'
}

export interface OidcLoginJson {
  /** What the button says, e.g. "Company SSO". */
  name: string
  /** Whether the command line can log in by it, with a code on another device; null while that is not known. */
  device: boolean | null
  /** Why it cannot be used now, in a sentence; null when nothing is known against it. */
  problem: string | null
}

/** Why a login by the provider ended at `/login?error=CODE`. */
export type LoginErrorCode =
  /** The provider does not answer. */
  | 'provider_unavailable'
  /** The person, or the provider, said no. */
  | 'denied'
  /** Logged in, and without any role here: an administrator must map one of the person's groups. */
  | 'no_role'
  /** It took too long, or was begun in another browser: begin again. */
  | 'expired'
  /** The provider's answer was not as it must be; the log has the details. */
  | 'failed'

/** A login that a person goes on with in a browser. */
export interface DeviceLoginJson {
  /** To poll with; a secret, of up to 8 KiB. */
  device_login: string
  user_code: string
  verification_uri: string
  /** With the code in it; null when the provider has none. */
  verification_uri_complete: string | null
  /** Seconds until it cannot be completed any more. */
  expires_in: number
  /** Seconds between two polls. */
  interval: number
}

export type DevicePollJson =
  | { state: 'pending'; interval: number }
  | { state: 'done'; token: string; user: SessionUserJson; expires_at: string }
  | { state: 'failed'; error: LoginErrorCode; message: string }

/** A token that was made here, without its secret. */
export interface ApiTokenJson {
  /** The part of the token that is no secret. */
  id: string
  name: string
  role: RoleName | 'agent'
  created_at: string
  created_by: string
  /** null: it does not expire. */
  expires_at: string | null
  /** null: never; accurate to a minute. */
  last_used_at: string | null
  revoked_at: string | null
  revoked_by: string | null
  state: 'active' | 'expired' | 'revoked'
}

/** A browser that is logged in. */
export interface OpenSessionJson {
  id: string
  name: string
  role: RoleName
  /** What it began with: the name or id of a token, or the provider's subject. */
  origin: { kind: 'token' | 'api-token' | 'oidc'; of: string }
  created_at: string
  last_seen_at: string
  expires_at: string
}

export interface NewApiTokenJson extends ApiTokenJson {
  /** The token itself, shown this once. */
  token: string
}
