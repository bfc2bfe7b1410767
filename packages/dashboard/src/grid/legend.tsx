import { formatCount } from '../lib/format.ts'
import { type CellStyle, colorModes, rampSteps, stylesOf, temperatureRange } from './cell-style.ts'
import type { GridSnapshot } from './grid-feed.ts'

/** What the colours mean, with how many nodes have each; a word finds them. */
export function Legend({ snapshot, onWord }: { snapshot: GridSnapshot; onWord?: (word: string) => void }) {
  const { color } = snapshot
  const isRamp = color === 'util' || color === 'gmem' || color === 'temp' || color === 'power'
  return (
    <ul className="grid-legend" aria-label={`Colours: ${colorModes[color]}`}>
      {isRamp && (
        <li>
          <Ramp snapshot={snapshot} />
        </li>
      )}
      {entriesOf(snapshot, isRamp).map(({ look, count, label, word }) => (
        <li key={look.key}>
          <LegendEntry
            look={look}
            count={count}
            label={label}
            {...(onWord && word !== undefined && { onClick: () => onWord(word) })}
          />
        </li>
      ))}
    </ul>
  )
}

interface Entry {
  look: CellStyle
  count: number
  label: string
  word: string | undefined
}

/** One line for all looks of a name; looks of no node are left out where they are many. */
function entriesOf({ color, counts, slots }: GridSnapshot, isRamp: boolean): Entry[] {
  const namesBySlot = new Map([...slots].map(([name, slot]) => [slot, name]))
  const entries = new Map<string, Entry>()
  for (const [index, look] of stylesOf(color).entries()) {
    if (isRamp && index < rampSteps) continue
    const count = counts[index] ?? 0
    const name = look.key.startsWith('slot-') ? namesBySlot.get(index) : undefined
    if (look.key.startsWith('slot-') && (name === undefined || count === 0)) continue
    const label = name ?? look.label
    const word = name === undefined ? look.word : `${color}:${/[\s",]/.test(name) ? `"${name}"` : name}`
    const before = entries.get(look.key)
    entries.set(look.key, { look: before?.look ?? look, label, word, count: (before?.count ?? 0) + count })
    const state = look.stateKey === undefined ? undefined : entries.get(look.stateKey)
    if (state) state.count += count
  }
  return [...entries.values()].filter(({ count }) => count > 0)
}

function LegendEntry({
  look,
  label,
  count,
  onClick,
}: {
  look: CellStyle
  label: string
  count: number
  onClick?: () => void
}) {
  const content = (
    <>
      <Swatch look={look} />
      <span className="legend-value">{formatCount(count)}</span> {label}
    </>
  )
  if (!onClick) return <span className="grid-legend-entry">{content}</span>
  return (
    <button type="button" className="grid-legend-entry" title={`Filter: ${label}`} onClick={onClick}>
      {content}
    </button>
  )
}

/** States have their class; the rest is its variable. */
function Swatch({ look }: { look: CellStyle }) {
  const state = /^--state-(.+)$/.exec(look.color)?.[1]
  const name = look.pattern === 'level' ? 'mixed' : state
  if (name !== undefined) {
    return <span className={`swatch state-${name} ${look.isFaulty ? 'is-faulty' : ''}`} aria-hidden="true" />
  }
  const isStriped = look.pattern === 'stripe'
  return (
    <span
      className="swatch"
      aria-hidden="true"
      style={{
        background: isStriped
          ? `repeating-linear-gradient(45deg, var(${look.color}) 0 3px, var(--bg-sunken) 3px 5px)`
          : `var(${look.color})`,
      }}
    />
  )
}

/** The scale, with what its ends are. */
function Ramp({ snapshot: { color, powerTop } }: { snapshot: GridSnapshot }) {
  const ends = {
    util: ['0 %', '100 %'],
    gmem: ['0 %', '100 %'],
    temp: [`${temperatureRange[0]} °C`, `${temperatureRange[1]} °C`],
    power: ['0 W', `${powerTop} W per GPU`],
  }[color as 'util' | 'gmem' | 'temp' | 'power']
  return (
    <span className="grid-ramp">
      {ends[0]}
      <span className="grid-ramp-steps" aria-hidden="true">
        {Array.from({ length: rampSteps }, (_, step) => `--ramp-${step}`).map((name) => (
          <span key={name} style={{ background: `var(${name})` }} />
        ))}
      </span>
      {ends[1]}
    </span>
  )
}
