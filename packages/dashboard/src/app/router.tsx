import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  Link,
  lazyRouteComponent,
} from '@tanstack/react-router'
import { Empty } from '../components/feedback.tsx'
import { Page } from '../components/page.tsx'
import { Panel } from '../components/panel.tsx'
import { Frame } from './frame.tsx'

/** A page that cannot be loaded or drawn: after an upgrade its file has another name, and a reload finds it. */
function PageFailure({ error }: ErrorComponentProps) {
  return (
    <div className="failure" role="alert">
      <p>
        <strong>This page cannot be shown.</strong> {error instanceof Error ? error.message : String(error)}
      </p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </div>
  )
}

function NoSuchPage() {
  return (
    <Page title="There is no such page">
      <Panel>
        <Empty title="Nothing is at this address.">
          <Link to="/">Go to the overview</Link>, or look for a node, a job or a user with Ctrl K.
        </Empty>
      </Panel>
    </Page>
  )
}

const rootRoute = createRootRoute({ component: Frame, notFoundComponent: NoSuchPage })

/** All search parameters are text: what is in the URL is what the page gets, and what the page writes can be sent. */
const validateSearch = (search: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(search).map(([key, value]) => [key, String(value)]))

const page = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => rootRoute, path, component, validateSearch })

const routeTree = rootRoute.addChildren([
  page(
    '/',
    lazyRouteComponent(() => import('../pages/overview/overview-page.tsx'), 'OverviewPage'),
  ),
  page(
    '/nodes',
    lazyRouteComponent(() => import('../pages/nodes/nodes-page.tsx'), 'NodesPage'),
  ),
  page(
    '/nodes/$id',
    lazyRouteComponent(() => import('../pages/node/node-page.tsx'), 'NodePage'),
  ),
  page(
    '/pools',
    lazyRouteComponent(() => import('../pages/pools/pools-page.tsx'), 'PoolsPage'),
  ),
  page(
    '/pools/$name',
    lazyRouteComponent(() => import('../pages/pools/pool-page.tsx'), 'PoolPage'),
  ),
  page(
    '/jobs',
    lazyRouteComponent(() => import('../pages/jobs/jobs-page.tsx'), 'JobsPage'),
  ),
  page(
    '/jobs/$id',
    lazyRouteComponent(() => import('../pages/jobs/job-page.tsx'), 'JobPage'),
  ),
  page(
    '/queue',
    lazyRouteComponent(() => import('../pages/queue/queue-page.tsx'), 'QueuePage'),
  ),
  page(
    '/operations',
    lazyRouteComponent(() => import('../pages/operations/operations-page.tsx'), 'OperationsPage'),
  ),
  page(
    '/operations/$id',
    lazyRouteComponent(() => import('../pages/operations/operation-page.tsx'), 'OperationPage'),
  ),
  page(
    '/alerts',
    lazyRouteComponent(() => import('../pages/alerts/alerts-page.tsx'), 'AlertsPage'),
  ),
  page(
    '/slurm',
    lazyRouteComponent(() => import('../pages/slurm/slurm-page.tsx'), 'SlurmPage'),
  ),
  page(
    '/usage',
    lazyRouteComponent(() => import('../pages/usage/usage-page.tsx'), 'UsagePage'),
  ),
])

/** Search parameters as a plain query, so that URLs can be read and typed. */
export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultErrorComponent: PageFailure,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
    return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs as [string, string][])}`
  },
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
