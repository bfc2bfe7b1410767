import type { FleetNodeJson } from '@navarch/api/views'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { after } from '../lib/browser.ts'
import { type Completion, type CompletionChoice, completeFilter } from './complete-filter.ts'
import { type FilterProblem, parseFilter } from './parse-filter.ts'

/** Pause after which a filter that is typed is taken, ms. */
const typingMs = 250
const none: Completion = { start: 0, end: 0, choices: [] }

/** The filter's field: completes as one types, underlines what it cannot read and says why. */
export function FilterInput({
  value,
  onChange,
  nodes,
}: {
  value: string
  onChange: (value: string) => void
  nodes: ReadonlyMap<string, FleetNodeJson>
}) {
  const input = useRef<HTMLInputElement>(null)
  const mirror = useRef<HTMLDivElement>(null)
  const [text, setText] = useState(value)
  const [completion, setCompletion] = useState(none)
  const [active, setActive] = useState(-1)
  const written = useRef(value)
  // The URL changed by itself: a view was chosen, or one went back.
  useEffect(() => {
    if (value !== written.current) setText(value)
    written.current = value
  }, [value])

  const { problems } = parseFilter(text)
  const isOpen = completion.choices.length > 0
  const cursor = input.current?.selectionStart ?? text.length
  const shown = problems.filter(({ end }) => !isOpen || end < cursor)

  const latest = useRef(onChange)
  latest.current = onChange
  const cancel = useRef<() => void>(() => {})
  useEffect(() => () => cancel.current(), [])
  /** The grid follows when one stops typing: half a word fits nothing. */
  const change = (next: string, waitMs = typingMs) => {
    setText(next)
    cancel.current()
    cancel.current = after(waitMs, () => {
      written.current = next.trim()
      latest.current(next.trim())
    })
  }
  const complete = (next: string, at: number) => {
    setCompletion(completeFilter(next, at, nodes.values()))
    setActive(-1)
  }
  const close = () => setCompletion(none)
  const take = (choice: CompletionChoice) => {
    const next = text.slice(0, completion.start) + choice.insert + text.slice(completion.end).trimStart()
    const at = completion.start + choice.insert.length
    change(next, 0)
    complete(next, at)
    if (choice.insert.endsWith(' ')) close()
    requestAnimationFrame(() => {
      input.current?.focus()
      input.current?.setSelectionRange(at, at)
    })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const { choices } = completion
    if (event.key === 'ArrowDown' && !isOpen) complete(text, cursor)
    else if (event.key === 'ArrowDown') setActive((active + 1) % choices.length)
    else if (event.key === 'ArrowUp' && isOpen) setActive(active <= 0 ? choices.length - 1 : active - 1)
    else if ((event.key === 'Enter' || event.key === 'Tab') && isOpen && choices[active]) take(choices[active])
    else if (event.key === 'Tab' && isOpen && choices[0] && text.slice(completion.start, cursor) !== '')
      take(choices[0])
    else if (event.key === 'Enter') {
      change(text, 0)
      close()
    } else if (event.key === 'Escape' && isOpen) close()
    else if (event.key === 'Escape') input.current?.blur()
    else return
    event.stopPropagation()
    event.preventDefault()
  }
  const follow = () => {
    if (mirror.current && input.current) mirror.current.scrollLeft = input.current.scrollLeft
  }

  return (
    <div className="filter">
      <div className="filter-field">
        <div ref={mirror} className="filter-mirror" aria-hidden="true">
          {marked(text, problems)}
        </div>
        <input
          ref={input}
          data-filter=""
          role="combobox"
          aria-label="Filter"
          aria-expanded={isOpen}
          aria-controls="filter-choices"
          aria-autocomplete="list"
          aria-activedescendant={isOpen && active >= 0 ? `filter-choice-${active}` : undefined}
          aria-invalid={problems.length > 0}
          aria-describedby="filter-problems"
          placeholder="Filter: state:drain gpu:h100 temp>80 age<1d -rack:7"
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          value={text}
          onChange={(event) => {
            change(event.target.value)
            complete(event.target.value, event.target.selectionStart ?? event.target.value.length)
          }}
          onFocus={() => complete(text, input.current?.selectionStart ?? text.length)}
          onBlur={close}
          onScroll={follow}
          onKeyDown={onKeyDown}
        />
        {text !== '' && (
          <button
            type="button"
            className="icon-button filter-clear"
            aria-label="Clear the filter"
            onClick={() => change('', 0)}
          >
            ✕
          </button>
        )}
      </div>
      {isOpen && (
        <div id="filter-choices" className="filter-choices" role="listbox" aria-label="What may be meant">
          {completion.choices.map((choice, index) => (
            <button
              type="button"
              key={choice.label}
              id={`filter-choice-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              className={`filter-choice ${index === active ? 'is-selected' : ''}`}
              // The field keeps the focus: without it the choices are gone.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(choice)}
            >
              <code>{choice.label}</code>
              <span>{choice.about}</span>
            </button>
          ))}
        </div>
      )}
      <p id="filter-problems" className={shown.length > 0 ? 'filter-problems' : 'visually-hidden'} role="status">
        {shown.map(({ start, end, message }) => `${text.slice(start, end)}: ${message}`).join('; ')}
      </p>
    </div>
  )
}

/** The text again, behind the field, with its problems underlined. */
function marked(text: string, problems: readonly FilterProblem[]) {
  const parts: React.ReactNode[] = []
  let from = 0
  for (const { start, end } of problems) {
    parts.push(text.slice(from, start), <u key={start}>{text.slice(start, end)}</u>)
    from = end
  }
  parts.push(text.slice(from))
  return parts
}
