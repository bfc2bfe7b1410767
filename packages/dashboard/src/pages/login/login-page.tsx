import { authRoutes, type SessionJson } from '@navarch/api/auth'
import { type FormEvent, useState } from 'react'
import { sendJson } from '../../api/request.ts'
import { loginErrors } from '../../app/session.ts'
import { withQuery } from '../../lib/path.ts'

/** Where nobody is known yet: the site's own login, or a token. */
export function LoginPage({ login, onLogin }: { login: SessionJson['login']; onLogin: () => void }) {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState(() => problemOfUrl(location.search))
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setProblem('')
    try {
      await sendJson('POST', authRoutes.tokenLogin, { token: token.trim() })
      // A login that failed elsewhere ended here; there is no such page behind it.
      if (location.pathname === '/login') history.replaceState(null, '', '/')
      onLogin()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : 'it failed')
    }
  }
  const { oidc } = login
  return (
    <main className="login">
      <h1>Navarch</h1>
      {login.problem !== null && <p className="failure">{login.problem}</p>}
      {oidc && (
        <>
          <a className="button is-primary" href={withQuery(authRoutes.login, { return_to: returnPath() })}>
            Log in with {oidc.name}
          </a>
          {oidc.problem !== null && <p className="failure">{oidc.problem}</p>}
        </>
      )}
      {login.token && (
        <form className="form" onSubmit={(event) => void submit(event)}>
          <label>
            Token
            <input
              type="password"
              value={token}
              onChange={(event) => setToken(event.target.value)}
              autoComplete="current-password"
            />
          </label>
          <button type="submit" className="button" disabled={token.trim() === ''}>
            Log in
          </button>
        </form>
      )}
      {problem !== '' && (
        <p className="failure" role="alert">
          {problem}
        </p>
      )}
      <p className="login-hint">
        An administrator makes tokens with <code>navarch token create --role viewer --name NAME</code>.
      </p>
    </main>
  )
}

function returnPath(): string {
  return location.pathname === '/login' ? '/' : location.pathname + location.search
}

function problemOfUrl(search: string): string {
  const code = new URLSearchParams(search).get('error')
  if (code === null) return ''
  return Object.entries(loginErrors).find(([known]) => known === code)?.[1] ?? 'The login failed.'
}
