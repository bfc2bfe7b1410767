/** The browser's clock and timers: the one place of the page that reads them. */

/** ms since the epoch. */
export const now = (): number => Date.now()

/** Calls back once, after `ms`. @returns ends it */
export function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms)
  return () => clearTimeout(timer)
}

/** Calls back every `ms`. @returns ends it */
export function every(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms)
  return () => clearInterval(timer)
}
