import { Dialog } from '../components/dialog.tsx'
import { railPages } from './pages.ts'

const keys: readonly (readonly [string, string])[] = [
  ['/', 'filter this page, or search'],
  ['Ctrl K', 'search everything'],
  ['j k', 'next and previous row'],
  ['Enter', 'open what is selected'],
  ['Esc', 'close the panel'],
  ['e', 'explain what is selected, or the page'],
  ['Space', 'select a node of the grid'],
  ['Ctrl A', 'select all nodes of the grid'],
  ['v', 'nodes as a grid or as a table'],
  ['t', 'dark or light'],
  ['?', 'these keys'],
  ...railPages.map(({ key, name }) => [`g ${key}`, name] as const),
]

/** What the keyboard does. */
export function KeyHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Keys" isOpen={isOpen} onClose={onClose}>
      <dl className="keys">
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div className="form-buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  )
}
