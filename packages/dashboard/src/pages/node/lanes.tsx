import type { NodeStoryJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { formatDuration, formatExactTime, formatTime } from '../../lib/format.ts'
import { splitLink } from '../../lib/path.ts'
import { axisTicks, classOfSpan, placeSpan, type SpanJson } from './lane-places.ts'

/** Everything that was, on one axis. Of states, what is not covered by a span is not known, and hatched. */
export function Lanes({ story }: { story: NodeStoryJson }) {
  const from = Date.parse(story.from)
  const to = Date.parse(story.to)
  const [cursor, setCursor] = useState<number>()
  const move = (event: React.PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    setCursor(Math.max(0, Math.min(1, (event.clientX - box.left) / Math.max(1, box.width))))
  }
  return (
    <div className="lanes">
      <ul className="lane-list">
        {story.lanes.map(({ lane, spans }) => (
          <li key={lane} className="lane">
            <span className="lane-name">{lane}</span>
            <div
              className={`lane-track ${isSparse(lane) ? 'is-sparse' : ''}`}
              onPointerMove={move}
              onPointerLeave={() => setCursor(undefined)}
            >
              {spans.map((span) => (
                <LaneSpan key={`${span.from} ${span.state} ${span.text}`} span={span} from={from} to={to} />
              ))}
              {cursor !== undefined && <span className="lane-cursor" style={{ left: `${cursor * 100}%` }} />}
            </div>
          </li>
        ))}
      </ul>
      <div className="lane lane-axis" aria-hidden="true">
        <span className="lane-name">
          {cursor === undefined ? '' : formatTime(from + cursor * (to - from)).slice(5)}
        </span>
        <div className="lane-ticks">
          {axisTicks(from, to).map(({ at, text, share }) => (
            <span key={at} className="lane-tick" style={{ left: `${share * 100}%` }}>
              {text}
            </span>
          ))}
        </div>
      </div>
      <p className="legend soft">
        <span>
          <span className="swatch state-unknown" aria-hidden="true" /> not known
        </span>
      </p>
    </div>
  )
}

/** Jobs and operations come and go: where none was, there was none. */
function isSparse(lane: string): boolean {
  return lane.startsWith('Jobs') || lane.startsWith('Operations')
}

function LaneSpan({ span, from, to }: { span: SpanJson; from: number; to: number }) {
  const { left, width } = placeSpan(span, from, to)
  const seconds = (Date.parse(span.to) - Date.parse(span.from)) / 1000
  const words = span.text === '' ? span.state : span.text
  const title = `${words}, ${formatExactTime(Date.parse(span.from))}, ${formatDuration(seconds)}`
  const look = {
    className: `lane-span ${classOfSpan(span.state)}`,
    style: { left: `${left}%`, width: `${width}%` },
    title,
  }
  const content = <span className="lane-text">{width > 6 && span.state !== 'healthy' ? words : ''}</span>
  if (span.link === '') {
    return (
      <span {...look}>
        <span className="visually-hidden">{title}; </span>
        {content}
      </span>
    )
  }
  return (
    <Link {...splitLink(span.link)} {...look} aria-label={title}>
      {content}
    </Link>
  )
}
