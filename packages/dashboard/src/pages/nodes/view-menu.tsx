import { useNavigate, useRouterState } from '@tanstack/react-router'
import { type FormEvent, useRef, useState } from 'react'
import { givenViews, loadViews, removeView, type SavedView, saveView } from '../../grid/saved-views.ts'

/** What of the URL is a view: a node that is open is none. */
const viewKeys = ['q', 'group', 'color', 'view', 'sort']

/** Filters that one comes back to, kept in this browser under a name. */
export function ViewMenu() {
  const navigate = useNavigate()
  const menu = useRef<HTMLDetailsElement>(null)
  const [views, setViews] = useState(() => loadViews(localStorage))
  const [name, setName] = useState('')
  const search: Record<string, string | undefined> = useRouterState({ select: ({ location }) => location.search })
  const go = ({ query }: SavedView) => {
    menu.current?.removeAttribute('open')
    void navigate({ to: '/nodes', search: Object.fromEntries(new URLSearchParams(query)) })
  }
  const save = (event: FormEvent) => {
    event.preventDefault()
    const pairs = Object.entries(search).flatMap(([key, value]) =>
      viewKeys.includes(key) && value ? [[key, value]] : [],
    )
    setViews(saveView(localStorage, { name: name.trim(), query: String(new URLSearchParams(pairs)) }))
    setName('')
  }
  return (
    <details ref={menu} className="menu">
      <summary className="button">Views</summary>
      <div className="menu-body">
        <ul>
          {views.map((view) => (
            <li key={view.name}>
              <button type="button" className="menu-item" onClick={() => go(view)}>
                {view.name}
              </button>
              <button
                type="button"
                className="icon-button"
                aria-label={`Remove ${view.name}`}
                onClick={() => setViews(removeView(localStorage, view.name))}
              >
                ✕
              </button>
            </li>
          ))}
          {givenViews.map((view) => (
            <li key={view.name}>
              <button type="button" className="menu-item" onClick={() => go(view)}>
                {view.name}
              </button>
            </li>
          ))}
        </ul>
        <form className="menu-form" onSubmit={save}>
          <input
            aria-label="Name of the view"
            placeholder="Save this as…"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button" disabled={name.trim() === ''}>
            Save
          </button>
        </form>
      </div>
    </details>
  )
}
