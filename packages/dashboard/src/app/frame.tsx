import { authRoutes } from '@navarch/api/auth'
import { type OverviewJson, viewRoutes } from '@navarch/api/views'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useCallback, useContext, useEffect, useMemo, useState } from 'react'
import { FleetContext } from '../api/fleet-hooks.ts'
import { browserFleetDeps, createFleetStore } from '../api/fleet-store.ts'
import { useApi } from '../api/queries.ts'
import { sendJson } from '../api/request.ts'
import { after } from '../lib/browser.ts'
import { plural } from '../lib/format.ts'
import { explainSelected } from './explain.ts'
import { FreshnessMark } from './freshness.tsx'
import { KeyHelp } from './help.tsx'
import { Hint } from './hint.tsx'
import { useKeys } from './keys.ts'
import { railPages } from './pages.ts'
import { Palette } from './palette.tsx'
import { SessionContext } from './session.ts'
import { currentTheme, setTheme } from './theme.ts'

/** Times that queries are read again after an event, at most once in so many ms. */
const refreshMs = 400

/** What stays around every page: rail, top, the one stream of changes. `?kiosk=1` leaves the page alone, for a wall screen. */
export function Frame() {
  const store = useMemo(() => createFleetStore(browserFleetDeps), [])
  const queries = useQueryClient()
  useEffect(() => {
    store.start()
    let cancel: (() => void) | undefined
    const unsubscribe = store.onEvent(() => {
      cancel ??= after(refreshMs, () => {
        cancel = undefined
        void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes('live') })
      })
    })
    return () => {
      unsubscribe()
      cancel?.()
      store.stop()
    }
  }, [store, queries])
  const isKiosk = useRouterState({ select: ({ location }) => 'kiosk' in location.search })
  return (
    <FleetContext value={store}>
      {isKiosk ? (
        <main className="kiosk">
          <Outlet />
        </main>
      ) : (
        <FramedPage />
      )}
    </FleetContext>
  )
}

function FramedPage() {
  const navigate = useNavigate()
  const [isPaletteOpen, setPaletteOpen] = useState(false)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const [hint, setHint] = useState('')
  const clearHint = useCallback(() => setHint(''), [])
  const path = useRouterState({ select: ({ location }) => location.pathname })
  // The page on which the rail was opened on a phone: any other one has it closed.
  const [railAt, setRailAt] = useState<string>()
  const isRailOpen = railAt === path
  useKeys(
    useCallback(
      (key) => {
        const page = railPages.find((candidate) => key === `g ${candidate.key}`)
        if (page) void navigate({ to: page.path })
        else if (key === '/') focusFilter() || setPaletteOpen(true)
        else if (key === 'ctrl-k') setPaletteOpen(true)
        else if (key === '?') setHelpOpen(true)
        else if (key === 'j' || key === 'k') return walkFirstTable(key)
        else if (key === 'e') setHint(explainSelected())
        else if (key === 't') setTheme(currentTheme() === 'dark' ? 'light' : 'dark')
        else return false
        return true
      },
      [navigate],
    ),
  )
  return (
    <div className="frame">
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <Rail isOpen={isRailOpen} />
      <header className="top">
        <button
          type="button"
          className="icon-button rail-toggle"
          aria-label="Pages"
          aria-expanded={isRailOpen}
          onClick={() => setRailAt(isRailOpen ? undefined : path)}
        >
          ≡
        </button>
        <button type="button" className="search-button" onClick={() => setPaletteOpen(true)}>
          Search <kbd>Ctrl K</kbd>
        </button>
        <span className="top-space" />
        <FreshnessMark />
        <AlertMark />
        <button
          type="button"
          className="icon-button"
          aria-label="Keys"
          title="Keys (?)"
          onClick={() => setHelpOpen(true)}
        >
          ?
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Dark or light"
          title="Dark or light (t)"
          onClick={() => setTheme(currentTheme() === 'dark' ? 'light' : 'dark')}
        >
          ◐
        </button>
        <UserMark />
      </header>
      <main id="main" className="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Hint text={hint} onGone={clearHint} />
      <Palette isOpen={isPaletteOpen} onClose={() => setPaletteOpen(false)} />
      <KeyHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </div>
  )
}

/** The page's first table takes the keys of a list, also after a click on a button; where another list has the focus, that has taken them. */
function walkFirstTable(key: string): boolean {
  const table = document.querySelector<HTMLElement>('.table-body')
  if (!table || document.activeElement?.closest('.table-body')) return false
  table.focus()
  table.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
  return true
}

/** The page's own filter, where it has one. */
function focusFilter(): boolean {
  const filter = document.querySelector<HTMLInputElement>('[data-filter]')
  filter?.focus()
  filter?.select()
  return filter !== null
}

function Rail({ isOpen }: { isOpen: boolean }) {
  return (
    <nav className={`rail ${isOpen ? 'is-open' : ''}`} aria-label="Pages">
      <Link to="/" className="brand">
        Navarch
      </Link>
      {railPages.map(({ path, name, key }) => (
        <Link
          key={path}
          to={path}
          className="rail-link"
          activeProps={{ 'aria-current': 'page' }}
          activeOptions={{ exact: path === '/', includeSearch: false }}
          title={`g ${key}`}
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}

function AlertMark() {
  const { data } = useApi<OverviewJson>(viewRoutes.overview, { topics: ['live'] })
  if (!data) return null
  const { critical, warning } = data.alerts
  if (critical + warning === 0) return null
  return (
    <Link to="/alerts" className={`alert-mark ${critical > 0 ? 'tone-act' : 'tone-mending'}`}>
      {critical > 0 ? `${critical} critical` : plural(warning, 'warning')}
    </Link>
  )
}

function UserMark() {
  const user = useContext(SessionContext)?.user
  if (!user || user.via === 'open') return null
  const logout = async () => {
    await sendJson('POST', authRoutes.logout).catch(() => {})
    location.assign('/')
  }
  return (
    <span className="user" title={user.role}>
      {user.name}
      <button type="button" className="link" onClick={() => void logout()}>
        Log out
      </button>
    </span>
  )
}
