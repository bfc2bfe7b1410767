import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useFleetStore } from '../../api/fleet-hooks.ts'
import { Empty } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { GridCanvas } from '../../grid/grid-canvas.tsx'
import { useGridFeed, useGridSnapshot } from '../../grid/grid-feed.ts'
import { Legend } from '../../grid/legend.tsx'
import { formatCount } from '../../lib/format.ts'

const settings = { filter: { terms: [], problems: [] }, group: 'pool', color: 'state' } as const

/** The grid, small: the whole fleet in one look. */
export function FleetPanel({ height }: { height: number | 'fill' }) {
  const store = useFleetStore()
  const navigate = useNavigate()
  const feed = useGridFeed(useMemo(() => settings, []))
  const snapshot = useGridSnapshot(feed, 1000)
  const isLoaded = store.get().revision > 0
  return (
    <Panel
      className="fleet-panel"
      title={`Nodes${isLoaded ? ` (${formatCount(snapshot.rows.length)})` : ''}`}
      aside={<Link to="/nodes">Grid and table</Link>}
    >
      {isLoaded && snapshot.rows.length === 0 ? (
        <Empty title="There are no nodes yet.">
          They appear when a pool makes machines, an agent registers, or Slurm names them.
        </Empty>
      ) : (
        <>
          <GridCanvas
            feed={feed}
            height={height}
            onOpen={(id) => void navigate({ to: '/nodes', search: { node: id } })}
          />
          <Legend snapshot={snapshot} onWord={(q) => void navigate({ to: '/nodes', search: { q } })} />
        </>
      )}
    </Panel>
  )
}
