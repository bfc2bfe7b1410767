import { useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import { useFleet, useFleetStore } from '../../api/fleet-hooks.ts'
import { useExplain } from '../../app/explain.ts'
import { FreshnessMark } from '../../app/freshness.tsx'
import { useKeys } from '../../app/keys.ts'
import { useMay } from '../../app/session.ts'
import { Empty, Skeleton } from '../../components/feedback.tsx'
import { FilterBar } from '../../components/filter-bar.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { SidePanel } from '../../components/side-panel.tsx'
import { Switch } from '../../components/switch.tsx'
import { Id } from '../../components/value.tsx'
import { colorModes } from '../../grid/cell-style.ts'
import { FilterInput } from '../../grid/filter-input.tsx'
import { GridCanvas } from '../../grid/grid-canvas.tsx'
import { useGridFeed, useGridSnapshot } from '../../grid/grid-feed.ts'
import { groupings } from '../../grid/grid-model.ts'
import { Legend } from '../../grid/legend.tsx'
import { parseFilter } from '../../grid/parse-filter.ts'
import { toggleWord } from '../../grid/write-filter.ts'
import { formatCount, plural } from '../../lib/format.ts'
import { keyOf } from '../../lib/key-of.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { answerOf } from './fleet-words.ts'
import { NodeActs } from './node-acts.tsx'
import { NodePanel } from './node-panel.tsx'
import { NodesTable } from './nodes-table.tsx'
import { ViewMenu } from './view-menu.tsx'

/** All nodes: as a heat grid or a table, by one filter; what is seen is in the URL. */
export function NodesPage() {
  const [url, setUrl] = useUrlState()
  const store = useFleetStore()
  const mayAct = useMay('operator')
  const navigate = useNavigate()
  const [current, setCurrent] = useState<string | undefined>(url['node'])
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const text = url['q'] ?? ''
  const group = keyOf(groupings, url['group'], 'pool')
  const color = keyOf(colorModes, url['color'], 'state')
  const settings = useMemo(() => ({ filter: parseFilter(text), group, color }), [text, group, color])
  const feed = useGridFeed(settings)
  const isTable = url['view'] === 'table'
  const snapshot = useGridSnapshot(feed, isTable ? 1500 : 500)
  const isKiosk = 'kiosk' in url
  const total = store.get().nodes.size
  const answer = answerOf(snapshot.rows, total, settings.filter.terms.length > 0)
  const isLoaded = store.get().revision > 0 || total > 0

  const open = (id: string) => {
    if (url['node'] === id) void navigate({ to: '/nodes/$id', params: { id } })
    setCurrent(id)
    setUrl({ node: id })
  }
  const select = useCallback((ids: readonly string[], isMore: boolean) => {
    setSelected((before) => {
      if (!isMore) return new Set(ids)
      const next = new Set(before)
      const [only] = ids
      if (ids.length === 1 && only !== undefined && next.has(only)) next.delete(only)
      else for (const id of ids) next.add(id)
      return next
    })
  }, [])
  const shown = url['node']
  useKeys(
    useCallback(
      (key) => {
        if (key === 'v') setUrl({ view: isTable ? undefined : 'table' })
        else if (key === 'Escape' && shown === undefined && selected.size > 0) setSelected(new Set())
        else return false
        return true
      },
      // The setter is another one with each render; what it reads is in the URL.
      [shown, isTable, selected.size, setUrl],
    ),
  )
  const hidden = selected.size - snapshot.rows.filter(({ id }) => selected.has(id)).length
  const only = snapshot.rows.length === 1 ? snapshot.rows[0]?.id : undefined
  useExplain(
    useCallback(() => {
      const id = current ?? shown ?? only
      if (id === undefined)
        return 'No node is selected: the arrows in the grid, j and k in the table choose one, e explains it.'
      setUrl({ node: id, explain: '1' })
      return ''
    }, [current, shown, only, setUrl]),
  )

  const body = !isLoaded ? (
    <Skeleton rows={8} />
  ) : snapshot.rows.length === 0 ? (
    <NoNodes isFiltered={text !== ''} onClear={() => setUrl({ q: undefined })} />
  ) : isTable ? (
    <NodesTable
      rows={snapshot.rows}
      sort={url['sort'] ?? 'node'}
      onSort={(sort) => setUrl({ sort })}
      current={current}
      selected={selected}
      onMove={(id) => {
        setCurrent(id)
        if (shown !== undefined) setUrl({ node: id })
      }}
      onOpen={open}
      {...(mayAct && {
        onToggle: (id: string) => select([id], true),
        onToggleAll: (isAll: boolean) => setSelected(new Set(isAll ? snapshot.rows.map(({ id }) => id) : [])),
      })}
    />
  ) : (
    <GridCanvas
      feed={feed}
      height="fill"
      isWall={isKiosk}
      current={current}
      selected={selected}
      onMove={(id) => {
        setCurrent(id)
        if (shown !== undefined) setUrl({ node: id })
      }}
      onOpen={open}
      {...(mayAct && { onSelect: select })}
    />
  )
  const legend = !isTable && isLoaded && (
    <Legend
      snapshot={snapshot}
      {...(!isKiosk && { onWord: (word: string) => setUrl({ q: toggleWord(text, word) }) })}
    />
  )
  if (isKiosk) {
    return (
      <Page title="Nodes" mood={answer.mood} answer={answer.text} aside={<FreshnessMark />}>
        {body}
        {legend}
      </Page>
    )
  }
  return (
    <Page
      title="Nodes"
      mood={isLoaded ? answer.mood : 'unknown'}
      answer={isLoaded ? answer.text : <LoadingWords />}
      aside={<ViewMenu />}
    >
      <FilterBar className="nodes-tools" count={settings.filter.terms.length}>
        <FilterInput value={text} onChange={(q) => setUrl({ q })} nodes={store.get().nodes} />
        <Choice
          name="Group"
          value={group}
          choices={groupings}
          onChange={(value) => setUrl({ group: value === 'pool' ? undefined : value })}
        />
        <Choice
          name="Colour"
          value={color}
          choices={colorModes}
          onChange={(value) => setUrl({ color: value === 'state' ? undefined : value })}
        />
        <Switch
          label="Shown as"
          choices={{ grid: 'Grid', table: 'Table' }}
          value={isTable ? 'table' : 'grid'}
          onChange={(view) => setUrl({ view: view === 'table' ? view : undefined })}
        />
      </FilterBar>
      <div className="with-panel">
        <Panel className="nodes-panel">
          {body}
          {legend}
        </Panel>
        {shown !== undefined && (
          <SidePanel title={<Id>{shown}</Id>} onClose={() => setUrl({ node: undefined, explain: undefined })}>
            <NodePanel
              key={shown}
              id={shown}
              isExplained={url['explain'] === '1'}
              onExplain={() => setUrl({ explain: url['explain'] === '1' ? undefined : '1' })}
            />
          </SidePanel>
        )}
      </div>
      {selected.size > 0 && mayAct && (
        <section className="bulk" aria-label="Selected nodes">
          <span>
            <strong>{plural(selected.size, 'node')}</strong> selected
            {hidden > 0 && `, ${formatCount(hidden)} of them not shown by the filter`}
          </span>
          <NodeActs ids={[...selected]} onDone={() => setSelected(new Set())} />
          <button type="button" className="button" onClick={() => setSelected(new Set())}>
            Clear
          </button>
        </section>
      )}
    </Page>
  )
}

/** Until the fleet is here; when it cannot be read, why. */
function LoadingWords() {
  const { connection, problem } = useFleet()
  return connection === 'lost' ? `The nodes cannot be read: ${problem}. Trying again.` : 'Reading the fleet…'
}

function NoNodes({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (!isFiltered) {
    return (
      <Empty title="There are no nodes yet.">
        Nodes appear when a pool makes machines, when an agent registers, or when Slurm names them.
      </Empty>
    )
  }
  return (
    <div className="empty">
      <p className="empty-title">No node fits the filter.</p>
      <p>
        <button type="button" className="link" onClick={onClear}>
          Show all nodes
        </button>
      </p>
    </div>
  )
}

function Choice<Name extends string>({
  name,
  value,
  choices,
  onChange,
}: {
  name: string
  value: Name
  choices: Record<Name, string>
  onChange: (value: Name) => void
}) {
  return (
    <label className="choice">
      {name}
      <select value={value} onChange={(event) => onChange(event.target.value as Name)}>
        {(Object.keys(choices) as Name[]).map((key) => (
          <option key={key} value={key}>
            {choices[key]}
          </option>
        ))}
      </select>
    </label>
  )
}
