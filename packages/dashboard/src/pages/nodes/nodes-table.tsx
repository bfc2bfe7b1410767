import type { FleetNodeJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { Meter } from '../../components/bars.tsx'
import { StateChip } from '../../components/chips.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id, Unknown, Value } from '../../components/value.tsx'
import { isFaulty, ownerWords } from '../../grid/node-words.ts'
import { formatCount } from '../../lib/format.ts'
import { sortNodes } from './sort-nodes.ts'

/** The same nodes as the grid, in rows. */
export function NodesTable({
  rows,
  sort,
  onSort,
  current,
  selected,
  onMove,
  onOpen,
  onToggle,
  onToggleAll,
}: {
  rows: readonly FleetNodeJson[]
  sort: string
  onSort: (sort: string) => void
  current: string | undefined
  selected: ReadonlySet<string>
  onMove: (id: string) => void
  onOpen: (id: string) => void
  /** Absent: nothing can be selected. */
  onToggle?: (id: string) => void
  /** Selects all that are shown, or none. */
  onToggleAll?: (isAll: boolean) => void
}) {
  const box: Column<FleetNodeJson>[] = onToggle
    ? [
        {
          key: 'box',
          title: onToggleAll && <AllBox rows={rows} selected={selected} onToggle={onToggleAll} />,
          width: '22px',
          cell: (node) => (
            <input
              type="checkbox"
              aria-label={`Select ${node.id}`}
              checked={selected.has(node.id)}
              onChange={() => onToggle(node.id)}
              onClick={(event) => event.stopPropagation()}
            />
          ),
        },
      ]
    : []
  return (
    <Table
      label="Nodes"
      rows={sortNodes(rows, sort)}
      columns={[...box, ...columns]}
      keyOf={({ id }) => id}
      {...(current === undefined ? {} : { selected: current })}
      isSelectedRow={({ id }) => selected.has(id)}
      onSelect={({ id }) => onMove(id)}
      onOpen={({ id }) => onOpen(id)}
      height="fill"
      sort={sort}
      onSort={onSort}
    />
  )
}

/** All nodes that the filter leaves, at once. */
function AllBox({
  rows,
  selected,
  onToggle,
}: {
  rows: readonly FleetNodeJson[]
  selected: ReadonlySet<string>
  onToggle: (isAll: boolean) => void
}) {
  const isAll = rows.every(({ id }) => selected.has(id))
  return (
    <input
      type="checkbox"
      aria-label={`Select all ${formatCount(rows.length)}`}
      checked={isAll}
      onChange={() => onToggle(!isAll)}
    />
  )
}

const columns: readonly Column<FleetNodeJson>[] = [
  {
    key: 'node',
    title: 'Node',
    width: 'minmax(84px, 1.1fr)',
    canSort: true,
    cell: ({ id }) => (
      <Link to="/nodes/$id" params={{ id }}>
        <Id>{id}</Id>
      </Link>
    ),
  },
  {
    key: 'state',
    title: 'State',
    width: 'minmax(84px, 1.3fr)',
    canSort: true,
    cell: (node) => (
      <StateChip state={node.state} isFaulty={isFaulty(node)}>
        {node.state} <span className="soft">{ownerWords(node)}</span>
      </StateChip>
    ),
  },
  { key: 'pool', title: 'Pool', width: 'minmax(60px, 0.7fr)', isExtra: true, canSort: true, cell: ({ pool }) => pool },
  { key: 'rack', title: 'Rack', width: '60px', isExtra: true, canSort: true, cell: ({ rack }) => rack },
  {
    key: 'gpus',
    title: 'GPUs',
    width: '58px',
    align: 'end',
    canSort: true,
    cell: ({ gpus_used: used, gpus }) => (
      <>
        <Value value={used} format={String} /> of {gpus}
      </>
    ),
  },
  {
    key: 'util',
    title: 'GPU use',
    width: '108px',
    isExtra: true,
    canSort: true,
    cell: ({ gpu_percent: percent }) => <Meter label="GPU use" value={percent} />,
  },
  {
    key: 'temp',
    title: 'Hottest',
    width: '64px',
    align: 'end',
    isExtra: true,
    canSort: true,
    cell: ({ temperature }) => <Value value={temperature} format={(degrees) => `${Math.round(degrees)} °C`} />,
  },
  {
    key: 'users',
    title: 'Users',
    width: 'minmax(60px, 0.8fr)',
    isExtra: true,
    cell: ({ users }) => <span title={users.join(', ')}>{users.join(', ')}</span>,
  },
  {
    key: 'reason',
    title: 'Reason',
    width: 'minmax(80px, 2fr)',
    isExtra: true,
    cell: ({ reason }) => <span title={reason}>{reason}</span>,
  },
  {
    key: 'since',
    title: 'So since',
    width: '80px',
    align: 'end',
    isExtra: true,
    canSort: true,
    cell: ({ since }) => (since === null ? <Unknown /> : <Age at={since} />),
  },
  { key: 'brief', title: '', width: '0', isBelow: true, cell: (node) => briefOf(node) },
]

/** A phone's second line: what is not well, whose doing it is, and why. */
function briefOf(node: FleetNodeJson): string | null {
  const words = [isFaulty(node) ? 'unhealthy' : '', ownerWords(node), node.reason].filter((word) => word !== '')
  return words.length === 0 ? null : words.join(': ')
}
