/** A named state of the page's URL. */
export interface SavedView {
  name: string
  /** The query, without "?". */
  query: string
}

const key = 'navarch.views'

/** Views that everybody has. */
export const givenViews: readonly SavedView[] = [
  { name: 'Needs a person', query: 'q=state%3Adown%2Cunknown&group=rack' },
  { name: 'Drained, by rack', query: 'q=state%3Adrain&group=rack' },
  { name: 'Hot', query: 'q=temp%3E80&color=temp&group=rack' },
  { name: 'Held but idle', query: 'q=state%3Abusy+util%3C10&color=util&group=pool' },
  { name: 'Who has what', query: 'color=user&group=partition' },
]

/** Of this browser. What is stored and cannot be read is taken for none. */
export function loadViews(storage: Pick<Storage, 'getItem'>): SavedView[] {
  try {
    const read: unknown = JSON.parse(storage.getItem(key) ?? '[]')
    return Array.isArray(read) ? read.filter(isView) : []
  } catch {
    return []
  }
}

/** Keeps a view; one of the same name gives way. @returns all views, by name */
export function saveView(storage: Pick<Storage, 'getItem' | 'setItem'>, view: SavedView): SavedView[] {
  return store(storage, [...loadViews(storage).filter(({ name }) => name !== view.name), view])
}

/** @returns what is left */
export function removeView(storage: Pick<Storage, 'getItem' | 'setItem'>, name: string): SavedView[] {
  return store(
    storage,
    loadViews(storage).filter((view) => view.name !== name),
  )
}

function store(storage: Pick<Storage, 'setItem'>, views: SavedView[]): SavedView[] {
  const sorted = views.sort((one, other) => one.name.localeCompare(other.name))
  storage.setItem(key, JSON.stringify(sorted))
  return sorted
}

function isView(value: unknown): value is SavedView {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'query' in value &&
    typeof value.name === 'string' &&
    typeof value.query === 'string'
  )
}
