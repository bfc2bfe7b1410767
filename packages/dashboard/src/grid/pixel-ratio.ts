/** Calls back when a CSS pixel is another number of the screen's: the page was zoomed, or moved to another screen. @returns ends it */
export function onPixelRatio(callback: () => void): () => void {
  let query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
  const listen = () => query.addEventListener('change', changed, { once: true })
  const changed = () => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
    listen()
    callback()
  }
  listen()
  return () => query.removeEventListener('change', changed)
}
