import type { SessionJson } from '@navarch/api/auth'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode, useCallback, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { RequestError, whenUnauthorized } from './api/request.ts'
import { router } from './app/router.tsx'
import { loadSession, SessionContext } from './app/session.ts'
import { Failure } from './components/feedback.tsx'
import { LoginPage } from './pages/login/login-page.tsx'

/** Once more where nobody answered; what was refused is refused again. */
function worthARetry(failures: number, error: Error): boolean {
  return failures < 1 && !(error instanceof RequestError && error.status >= 400 && error.status < 500)
}

const queryClient = new QueryClient({ defaultOptions: { queries: { retry: worthARetry, refetchOnWindowFocus: true } } })

function App() {
  const [session, setSession] = useState<SessionJson>()
  const [problem, setProblem] = useState<Error>()
  const ask = useCallback(() => {
    loadSession().then(
      (loaded) => {
        setSession(loaded)
        setProblem(undefined)
      },
      (error: unknown) => setProblem(error instanceof Error ? error : new Error(String(error))),
    )
  }, [])
  useEffect(() => {
    whenUnauthorized(ask)
    ask()
  }, [ask])
  if (problem) return <Failure error={problem} onRetry={ask} />
  if (!session) return null
  return (
    <SessionContext value={session}>
      {session.user ? <RouterProvider router={router} /> : <LoginPage login={session.login} onLogin={ask} />}
    </SessionContext>
  )
}

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
)
