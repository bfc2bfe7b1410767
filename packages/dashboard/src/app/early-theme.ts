/** Runs before the first paint, so that the page never flashes in the other theme. No imports: it is a classic script. */
const stored = localStorage.getItem('navarch.theme')
const light = stored === 'light' || (stored !== 'dark' && matchMedia('(prefers-color-scheme: light)').matches)
document.documentElement.dataset['theme'] = light ? 'light' : 'dark'
