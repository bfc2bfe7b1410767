import { useEffect } from 'react'

const eventName = 'navarch-explain'

/** What a page does when it is asked to explain what is selected. @returns what to do first, or "" when it is explained */
export type Explain = () => string

/** Answers `e` in the page's own way; `explain` should stay the same function. */
export function useExplain(explain: Explain): void {
  useEffect(() => {
    const onExplain = (event: Event) => {
      if (!(event instanceof CustomEvent)) return
      event.detail.advice = explain()
      event.preventDefault()
    }
    addEventListener(eventName, onExplain)
    return () => removeEventListener(eventName, onExplain)
  }, [explain])
}

/**
 * Explains what is selected: by the page's own way, else by the panel beside the list, the page of the selected row, or, where the page is
 * about one thing, its first sentence. The focus goes there, so that it is read out.
 * @returns what to do first, or "" when it is explained
 */
export function explainSelected(): string {
  const asked = new CustomEvent(eventName, { cancelable: true, detail: { advice: '' } })
  if (!dispatchEvent(asked)) return asked.detail.advice
  const list = document.querySelector<HTMLElement>('[data-selects]')
  const panel = document.querySelector<HTMLElement>('.side-panel')
  if (list && !panel) {
    if (list.dataset['selects'] === '') return 'Nothing is selected: j and k choose a row, e explains it.'
    list.focus()
    list.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    return ''
  }
  const words = panel ?? document.querySelector<HTMLElement>('.answer')
  words?.focus()
  words?.scrollIntoView({ block: 'nearest' })
  return words ? '' : 'There is nothing to explain here yet.'
}
