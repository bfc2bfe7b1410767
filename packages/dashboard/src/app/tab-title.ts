import { useEffect } from 'react'
import type { PageMood } from '../lib/page-mood.ts'

const marks: Record<PageMood, string> = { good: '', mending: '', todo: '! ', act: '! ', unknown: '? ' }

/** What the browser's tab says: which page, and whether a person is needed there. */
export function tabTitle(name: string, mood: PageMood): string {
  return `${marks[mood]}${name} · Navarch`
}

/** Names the tab. */
export function useTabTitle(name: string, mood: PageMood): void {
  useEffect(() => {
    document.title = tabTitle(name, mood)
  }, [name, mood])
}
