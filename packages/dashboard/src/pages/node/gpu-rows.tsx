import type { GpuHistoryJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { Sparkline } from '../../charts/sparkline.tsx'
import { Meter } from '../../components/bars.tsx'
import { ScrollArea } from '../../components/scroll-area.tsx'
import { Id, Unknown, Value } from '../../components/value.tsx'
import { formatBytes, formatCount, formatNumber, plural } from '../../lib/format.ts'

/** The top of a temperature's scale, Celsius. */
const hottest = 100

/** GPUs, one row each, on the same scales. */
export function GpuRows({ gpus }: { gpus: readonly GpuHistoryJson[] }) {
  return (
    <ScrollArea className="gpu-scroll" label="GPUs">
      <table className="gpu-table">
        <thead>
          <tr>
            <th scope="col">GPU</th>
            <th scope="col">Use</th>
            <th scope="col">Last hour</th>
            <th scope="col">Memory</th>
            <th scope="col">Temperature</th>
            <th scope="col" className="is-number">
              Power
            </th>
            <th scope="col" className="is-number">
              ECC
            </th>
            <th scope="col" className="is-number">
              Remapped
            </th>
            <th scope="col">XIDs</th>
            <th scope="col">Job</th>
          </tr>
        </thead>
        <tbody>
          {gpus.map((gpu) => (
            <GpuRow key={gpu.uuid} gpu={gpu} />
          ))}
        </tbody>
      </table>
    </ScrollArea>
  )
}

function GpuRow({ gpu }: { gpu: GpuHistoryJson }) {
  const {
    index,
    uuid,
    name,
    utilization,
    memory_used: used,
    memory_total: total,
    temperature,
    power,
    xids,
    job,
    user,
  } = gpu
  const share = used === null || total === null || total === 0 ? null : (used / total) * 100
  return (
    <tr className={xids.length > 0 ? 'is-faulty' : ''}>
      <th scope="row" title={`${name}\n${uuid}`}>
        <Id>{index}</Id>
      </th>
      <td data-title="Use">
        <Meter label={`GPU ${index} use`} value={utilization} />
      </td>
      <td data-title="Last hour">
        <History
          values={gpu.utilization_history}
          max={100}
          label={`Use of GPU ${index} in the last hour`}
          width={110}
        />
      </td>
      <td
        data-title="Memory"
        title={used === null || total === null ? '' : `${formatBytes(used)} of ${formatBytes(total)}`}
      >
        <Meter label={`GPU ${index} memory`} value={share} />
      </td>
      <td data-title="Temperature">
        <span className="gpu-heat">
          {readingsOf(gpu.temperature_history) >= leastReadings && (
            <Sparkline
              values={gpu.temperature_history}
              max={hottest}
              label={`Temperature of GPU ${index} in the last hour`}
              width={60}
            />
          )}
          <Value value={temperature} format={(degrees) => `${formatNumber(degrees)} °C`} />
        </span>
      </td>
      <td data-title="Power" className="is-number">
        <Value value={power} format={(watts) => `${Math.round(watts)} W`} />
      </td>
      <td data-title="ECC" className="is-number">
        <EccCount gpu={gpu} />
      </td>
      <td data-title="Remapped" className="is-number">
        <Remapped gpu={gpu} />
      </td>
      <td data-title="XIDs">
        {xids.length === 0 ? (
          <span className="soft">none</span>
        ) : (
          <strong className="tone-mending">{xids.join(', ')}</strong>
        )}
      </td>
      <td data-title="Job">
        {job === '' ? (
          <span className="soft">none</span>
        ) : (
          <>
            <Link to="/jobs/$id" params={{ id: job }}>
              <Id>{job}</Id>
            </Link>{' '}
            <span className="soft">{user}</span>
          </>
        )}
      </td>
    </tr>
  )
}

/** Fewer readings are no line, but a speck at its end. */
const leastReadings = 5

/** The last hour as a line; where nothing was read in it, or hardly anything, that is said. */
function History(props: Parameters<typeof Sparkline>[0]) {
  const known = readingsOf(props.values)
  if (known === 0) return <Unknown why={`${props.label}: not known`} />
  if (known < leastReadings) {
    return (
      <span className="soft" title={`${props.label}: too few readings for a line`}>
        {plural(known, 'reading')}
      </span>
    )
  }
  return <Sparkline {...props} />
}

function readingsOf(values: readonly (number | null)[]): number {
  return values.filter((value) => value !== null).length
}

function EccCount({ gpu: { ecc } }: { gpu: GpuHistoryJson }) {
  if (ecc.corrected === null && ecc.uncorrected === null) return <Unknown why="ECC counts are not known" />
  return (
    <span title="corrected, uncorrected">
      <Value value={ecc.corrected} format={formatCount} />
      {', '}
      <span className={(ecc.uncorrected ?? 0) > 0 ? 'tone-act' : ''}>
        <Value value={ecc.uncorrected} format={formatCount} />
      </span>
    </span>
  )
}

function Remapped({ gpu: { remapped } }: { gpu: GpuHistoryJson }) {
  const { rows, pending, failed } = remapped
  if (rows === null && pending === null && failed === null) return <Unknown why="row remapping is not known" />
  return (
    <>
      <Value value={rows} format={formatCount} />
      {pending === true && <span className="tone-mending"> pending</span>}
      {failed === true && <strong className="tone-act"> failed</strong>}
    </>
  )
}
