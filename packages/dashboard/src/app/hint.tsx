import { useEffect } from 'react'
import { after } from '../lib/browser.ts'

/** How long a hint stays, ms. */
const shownMs = 6_000

/** A word to the user that goes by itself. @param onGone called then; should stay the same function */
export function Hint({ text, onGone }: { text: string; onGone: () => void }) {
  useEffect(() => (text === '' ? undefined : after(shownMs, onGone)), [text, onGone])
  return (
    <p className={text === '' ? 'visually-hidden' : 'hint'} role="status">
      {text}
    </p>
  )
}
