import type { ReactNode } from 'react'
import { formatPercent } from '../lib/format.ts'

/** Used of asked, as a bar with its number. `value` 0 to 100, null when not known. */
export function Meter({
  value,
  label,
  tone = 'normal',
  wide = false,
}: {
  value: number | null | undefined
  label: string
  tone?: 'normal' | 'bad'
  wide?: boolean
}) {
  if (value === null || value === undefined) {
    return (
      <span className={`meter ${wide ? 'wide' : ''} is-unknown`}>
        <span className="meter-track" />
        <span className="meter-number soft" title={`${label}: not known`}>
          <span aria-hidden="true">?</span>
          <span className="visually-hidden">{label}: not known</span>
        </span>
      </span>
    )
  }
  const width = Math.max(0, Math.min(100, value))
  return (
    <span className={`meter ${wide ? 'wide' : ''} tone-${tone}`} title={`${label}: ${formatPercent(value)}`}>
      <span className="visually-hidden">{label}: </span>
      <span className="meter-track" aria-hidden="true">
        <span className="meter-fill" style={{ width: `${width}%` }} />
      </span>
      <span className="meter-number">{formatPercent(value)}</span>
    </span>
  )
}

export interface Segment {
  key: string
  label: string
  value: number
  /** A class with a colour and a pattern, e.g. "state-busy". */
  className: string
  link?: ReactNode
}

/** One bar of several amounts, with a legend that says each in words. Empty amounts are left out of the bar alone. */
export function StackBar({ segments, label, unit }: { segments: readonly Segment[]; label: string; unit: string }) {
  const total = segments.reduce((sum, { value }) => sum + value, 0)
  const text = segments.map((segment) => `${segment.value} ${segment.label}`).join(', ')
  return (
    <div className="stack">
      <div className="stack-bar" role="img" aria-label={`${label}: ${text}`}>
        {segments
          .filter(({ value }) => value > 0)
          .map(({ key, value, className, label: name }) => (
            <span
              key={key}
              className={`stack-part ${className}`}
              style={{ flexGrow: value }}
              title={`${value} ${unit} ${name}`}
            />
          ))}
        {total === 0 && <span className="stack-part none" />}
      </div>
      <ul className="legend">
        {segments.map(({ key, value, className, label: name, link }) => (
          <li key={key} className={value === 0 ? 'is-zero' : ''}>
            <span className={`swatch ${className}`} aria-hidden="true" />
            <span className="legend-value">{value.toLocaleString('en-US')}</span> {link ?? name}
          </li>
        ))}
      </ul>
    </div>
  )
}
