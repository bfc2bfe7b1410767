import { type JobListJson, jobRoutes, type WasteJson } from '@navarch/api/jobs'
import { Link, useNavigate } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { NoFit } from '../../components/no-fit.tsx'
import { Page } from '../../components/page.tsx'
import { Pager } from '../../components/pager.tsx'
import { Panel } from '../../components/panel.tsx'
import { SidePanel } from '../../components/side-panel.tsx'
import { Switch } from '../../components/switch.tsx'
import { Table } from '../../components/table.tsx'
import { plural } from '../../lib/format.ts'
import { withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { jobColumns } from './job-columns.tsx'
import { filterFields, JobFilters, noFilters } from './job-filters.tsx'
import { JobSummary } from './job-summary.tsx'
import { WasteList } from './waste-list.tsx'

/** Jobs that one page of the list has. */
const pageSize = 200

/** All jobs, newest first, and those that hold GPUs and do not use them. */
export function JobsPage() {
  const [url, setUrl] = useUrlState()
  const navigate = useNavigate()
  const isWaste = url['view'] === 'waste'
  const offset = Math.max(0, Math.floor(Number(url['offset'] ?? 0) || 0))
  const list = useApi<JobListJson>(
    withQuery(jobRoutes.jobs, {
      state: url['state'],
      user: url['user'],
      account: url['account'],
      partition: url['partition'],
      node: url['node'],
      limit: pageSize,
      offset,
    }),
    { topics: ['live'], enabled: !isWaste },
  )
  const waste = useApi<WasteJson[]>(jobRoutes.waste, { topics: ['live'] })
  const isFiltered = filterFields.some((field) => url[field] !== undefined)
  const selected = list.data?.jobs.find((job) => job.run_id === url['job'])
  return (
    <Page
      title="Jobs"
      mood={(waste.data?.length ?? 0) > 0 ? 'mending' : 'good'}
      answer={answerOf(list.data, waste.data, !isWaste && isFiltered)}
      aside={
        <Switch
          label="Which jobs"
          choices={{ all: 'All', waste: 'Held but idle' }}
          value={isWaste ? 'waste' : 'all'}
          onChange={(view) => setUrl({ view: view === 'waste' ? view : undefined })}
        />
      }
    >
      {isWaste ? (
        <Panel>
          <Loaded query={waste}>{(rows) => <WasteList rows={rows} />}</Loaded>
        </Panel>
      ) : (
        <>
          <JobFilters url={url} setUrl={setUrl} />
          <div className="with-panel">
            <Panel>
              <Loaded query={list} rows={10}>
                {({ jobs, total }) =>
                  jobs.length === 0 && isFiltered ? (
                    <NoFit what="job" onClear={() => setUrl(noFilters)} />
                  ) : jobs.length === 0 ? (
                    <Empty title="No job has been seen yet.">
                      Jobs appear when Slurm runs them; <code>navarch hooks install</code> on the nodes has even
                      one-second jobs seen.
                    </Empty>
                  ) : (
                    <>
                      <Table
                        label="Jobs"
                        rows={jobs}
                        columns={jobColumns}
                        height="fill"
                        keyOf={(job) => job.run_id}
                        {...(url['job'] === undefined ? {} : { selected: url['job'] })}
                        onSelect={(job) => setUrl({ job: job.run_id })}
                        onOpen={(job) => void navigate({ to: '/jobs/$id', params: { id: job.run_id } })}
                      />
                      <Pager
                        offset={offset}
                        size={pageSize}
                        count={jobs.length}
                        total={total}
                        onOffset={(next) => setUrl({ offset: next === 0 ? undefined : String(next) })}
                      />
                    </>
                  )
                }
              </Loaded>
            </Panel>
            {selected && (
              <SidePanel
                title={
                  <Link to="/jobs/$id" params={{ id: selected.run_id }}>
                    Job {selected.id}
                  </Link>
                }
                onClose={() => setUrl({ job: undefined })}
              >
                <JobSummary id={selected.run_id} />
              </SidePanel>
            )}
          </div>
        </>
      )}
    </Page>
  )
}

function answerOf(list: JobListJson | undefined, waste: readonly WasteJson[] | undefined, isFiltered: boolean): string {
  const fit = isFiltered ? ` ${list?.total === 1 ? 'fits' : 'fit'} the filter` : ''
  const count = list === undefined ? '' : `${plural(list.total, 'job')}${fit}. `
  if (waste === undefined) return count
  if (waste.length === 0) return `${count}No running job holds GPUs without using them.`
  const gpus = waste.reduce((sum, { gpus_idle }) => sum + gpus_idle, 0)
  return `${count}${plural(waste.length, 'running job holds', 'running jobs hold')} ${plural(gpus, 'GPU')} without using them.`
}
