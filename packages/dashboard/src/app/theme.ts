import { useSyncExternalStore } from 'react'

export type Theme = 'dark' | 'light'

/** The theme that is shown. */
export function currentTheme(): Theme {
  return document.documentElement.dataset['theme'] === 'light' ? 'light' : 'dark'
}

/** Changes it, for this browser, from now on. */
export function setTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  localStorage.setItem('navarch.theme', theme)
  // Canvases ask for their colours when they draw.
  dispatchEvent(new Event('navarch-theme'))
}

/** The theme, for what draws its colours itself. */
export function useTheme(): Theme {
  return useSyncExternalStore(onThemeChange, currentTheme)
}

function onThemeChange(listener: () => void): () => void {
  addEventListener('navarch-theme', listener)
  return () => removeEventListener('navarch-theme', listener)
}
