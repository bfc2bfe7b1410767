import { useEffect } from 'react'

/** What a key does; `true` when it was meant. */
export type KeyHandler = (key: string, event: KeyboardEvent) => boolean

/** How long after `g` the second key counts, ms. */
const pairMs = 1200

/** Keys of the whole page: they do nothing while something is typed into a field or a dialog is open. */
export function useKeys(handler: KeyHandler): void {
  useEffect(() => {
    let prefix = ''
    let prefixAt = 0
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || isTyping(event)) return
      if (event.ctrlKey || event.metaKey) {
        if (event.key === 'k' && handler('ctrl-k', event)) event.preventDefault()
        return
      }
      const pair = prefix === 'g' && event.timeStamp - prefixAt < pairMs ? `g ${event.key}` : event.key
      prefix = event.key === 'g' && pair === 'g' ? 'g' : ''
      prefixAt = event.timeStamp
      if (handler(pair, event)) event.preventDefault()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [handler])
}

function isTyping(event: KeyboardEvent): boolean {
  const { target } = event
  if (document.querySelector('dialog[open]')) return true
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}
