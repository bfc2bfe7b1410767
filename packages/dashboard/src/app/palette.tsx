import { type SearchHitJson, viewRoutes } from '@navarch/api/views'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useDeferredValue, useEffect, useState } from 'react'
import { useApi } from '../api/queries.ts'
import { Dialog } from '../components/dialog.tsx'
import { splitLink, withQuery } from '../lib/path.ts'
import { railPages } from './pages.ts'
import { currentTheme, setTheme } from './theme.ts'

interface Choice {
  key: string
  kind: string
  text: string
  choose: () => void
}

/** Goes to any node, job, user, pool, page, or does what needs no page. */
export function Palette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  /** Enter was pressed before what was found for the whole text was here. */
  const [isAsked, setAsked] = useState(false)
  const navigate = useNavigate()
  const wanted = useDeferredValue(text.trim())
  const hits = useApi<SearchHitJson[]>(withQuery(viewRoutes.search, { q: wanted, limit: 20 }), {
    enabled: isOpen && wanted !== '',
    everyMs: 60_000,
  })
  useEffect(() => {
    if (!isOpen) setText('')
  }, [isOpen])

  const go = (link: string) => () => void navigate(splitLink(link))
  const matches = (name: string) => name.toLowerCase().includes(wanted.toLowerCase())
  const choices: Choice[] = [
    ...(wanted === '' ? [] : (hits.data ?? [])).map((hit) => ({
      key: `${hit.kind} ${hit.id}`,
      kind: hit.kind,
      text: hit.id === hit.text ? hit.id : `${hit.id}  ${hit.text}`,
      choose: go(hit.link),
    })),
    ...railPages
      .filter(({ name }) => matches(name))
      .map(({ path, name }) => ({ key: path, kind: 'page', text: name, choose: go(path) })),
    ...(matches('change theme dark light')
      ? [
          {
            key: 'theme',
            kind: 'command',
            text: 'Change to the other theme',
            choose: () => setTheme(currentTheme() === 'dark' ? 'light' : 'dark'),
          },
        ]
      : []),
  ]
  const index = Math.min(active, Math.max(0, choices.length - 1))
  const take = (choice: Choice | undefined) => {
    choice?.choose()
    onClose()
  }
  const isOld = text.trim() !== wanted || (wanted !== '' && (hits.isPlaceholderData || hits.isLoading))
  useEffect(() => {
    if (!isAsked || isOld) return
    setAsked(false)
    take(choices[index])
  })
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(index + 1, choices.length - 1))
    else if (event.key === 'ArrowUp') setActive(Math.max(0, index - 1))
    else if (event.key === 'Enter') setAsked(true)
    else return
    event.preventDefault()
  }
  return (
    <Dialog title="Go to" isOpen={isOpen} onClose={onClose}>
      <input
        className="palette-input"
        placeholder="A node, job, user, pool or page"
        aria-label="Search"
        aria-controls="palette-list"
        aria-activedescendant={choices.length > 0 ? `choice-${index}` : undefined}
        role="combobox"
        aria-expanded="true"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setActive(0)
          setAsked(false)
        }}
        onKeyDown={onKeyDown}
        autoFocus
      />
      <div id="palette-list" className="palette-list" role="listbox" aria-label="What there is">
        {choices.map((choice, position) => (
          <button
            type="button"
            key={choice.key}
            id={`choice-${position}`}
            role="option"
            tabIndex={-1}
            aria-selected={position === index}
            className={`palette-choice ${position === index ? 'is-selected' : ''}`}
            onClick={() => take(choice)}
          >
            <span className="palette-kind">{choice.kind}</span> {choice.text}
          </button>
        ))}
        {choices.length === 0 && <p className="empty">{hits.isFetching ? 'Looking…' : 'Nothing of that name.'}</p>}
      </div>
    </Dialog>
  )
}
