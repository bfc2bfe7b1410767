import type { NodeJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Loaded } from '../../components/feedback.tsx'
import { Age, Id, Unknown } from '../../components/value.tsx'

/** What a machine is and who says so. */
export function NodeFacts({ id }: { id: string }) {
  const query = useApi<NodeJson>(routePath('node', { id }), { topics: ['live'] })
  return (
    <Loaded query={query} rows={6}>
      {(node) => (
        <dl className="facts">
          <dt>Pool</dt>
          <dd>
            {node.pool === '' ? (
              <span className="soft">none</span>
            ) : (
              <Link to="/pools/$name" params={{ name: node.pool }}>
                {node.pool}
              </Link>
            )}
          </dd>
          <dt>Machine</dt>
          <dd>
            {node.instance_type === '' ? <Unknown /> : node.instance_type} of {node.provider || 'nobody known'}
            {[node.region, node.zone].filter((place) => place !== '').map((place) => `, ${place}`)}
            {node.machine_id !== null && (
              <>
                {' '}
                <Id>{node.machine_id}</Id>
              </>
            )}
          </dd>
          <dt>Address</dt>
          <dd>{node.address === null ? <Unknown /> : <Id>{node.address}</Id>}</dd>
          <dt>In Slurm</dt>
          <dd>
            {node.slurm === null ? (
              <Unknown why="Slurm was not seen, or does not know it" />
            ) : (
              <>
                <Id>{node.slurm.state}</Id>
                {node.slurm.partitions.length > 0 && ` in ${node.slurm.partitions.join(', ')}`}
                {node.slurm.reason !== '' && <span className="soft">: {node.slurm.reason}</span>}
                <span className="soft">
                  , <Age at={node.slurm.seen_at} />
                </span>
              </>
            )}
          </dd>
          {node.hold !== null && (
            <>
              <dt>Held</dt>
              <dd>
                {node.hold.action}, <Age at={node.hold.since} />: {node.hold.reason}
              </dd>
            </>
          )}
          <dt>Agent</dt>
          <dd>
            {node.agent_version === '' ? <Unknown why="no agent has registered" /> : node.agent_version}, heard{' '}
            <Age at={node.last_heartbeat} />
          </dd>
          <dt>Driver</dt>
          <dd>
            {node.gpus[0] === undefined ? (
              <Unknown />
            ) : (
              `${node.gpus[0].driver_version}${node.gpus[0].cuda_version === '' ? '' : `, CUDA ${node.gpus[0].cuda_version}`}`
            )}
          </dd>
          <dt>Kernel</dt>
          <dd>{node.metadata.kernel_version === '' ? <Unknown /> : node.metadata.kernel_version}</dd>
          <dt>Known since</dt>
          <dd>
            <Age at={node.created_at} />
          </dd>
        </dl>
      )}
    </Loaded>
  )
}
