import type { FleetNodeJson } from '@navarch/api/views'
import { useFleetNode } from '../api/fleet-hooks.ts'
import { StateChip } from '../components/chips.tsx'
import { Age, Id, Value } from '../components/value.tsx'
import { formatNumber, formatPercent } from '../lib/format.ts'
import { formatWatts, isFaulty, ownerWords } from './node-words.ts'

/** Width of the tip, px. */
const tipWidth = 312
/** Height that it has at most, nearly always, px. */
const tipHeight = 190

/** What a cell is, beside the pointer; above it where it would leave the grid. @param at place in the grid, px */
export function NodeTip({
  id,
  at,
  width,
  height,
}: {
  id: string
  at: { x: number; y: number }
  width: number
  height: number
}) {
  const node = useFleetNode(id)
  if (!node) return null
  const left = at.x + 16 + tipWidth > width ? Math.max(0, at.x - tipWidth - 12) : at.x + 16
  const isBelow = at.y + 14 + tipHeight <= Math.max(height, tipHeight + 28)
  const place = isBelow ? `translate(${left}px, ${at.y + 14}px)` : `translate(${left}px, calc(${at.y - 10}px - 100%))`
  return (
    <div className="grid-tip" style={{ transform: place }} aria-hidden="true">
      <p className="grid-tip-head">
        <Id>{node.id}</Id>
        <StateChip state={node.state} isFaulty={isFaulty(node)}>
          {node.state} {ownerWords(node)}
        </StateChip>
      </p>
      {node.reason !== '' && <p className="grid-tip-reason">{node.reason}</p>}
      <NodeFigures node={node} />
      <p className="grid-tip-foot">
        {[node.pool, node.rack, node.gpu_type].filter((word) => word !== '').join(' · ')}
        {node.since !== null && (
          <>
            {' · so since '}
            <Age at={node.since} />
          </>
        )}
      </p>
    </div>
  )
}

/** A node's numbers in a few words. */
export function NodeFigures({ node }: { node: FleetNodeJson }) {
  return (
    <dl className="figures">
      <div>
        <dt>GPUs</dt>
        <dd>
          <Value value={node.gpus_used} format={formatNumber} /> of {node.gpus}
        </dd>
      </div>
      <div>
        <dt>Use</dt>
        <dd>
          <Value value={node.gpu_percent} format={formatPercent} />
        </dd>
      </div>
      <div>
        <dt>Memory</dt>
        <dd>
          <Value value={node.gpu_memory_percent} format={formatPercent} />
        </dd>
      </div>
      <div>
        <dt>Hottest</dt>
        <dd>
          <Value value={node.temperature} format={(degrees) => `${Math.round(degrees)} °C`} />
        </dd>
      </div>
      <div>
        <dt>Power</dt>
        <dd>
          <Value value={node.power} format={formatWatts} />
        </dd>
      </div>
    </dl>
  )
}
