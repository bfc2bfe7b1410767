import { alertRoutes, simpleAlertRoutes } from '@navarch/api/alerts'
import { authRoutes, tokenRoutes } from '@navarch/api/auth'
import { routes } from '@navarch/api/routes'
import { viewRoutes } from '@navarch/api/views'
import { Hono } from 'hono'
import { ServiceError } from '../../services/service-error.ts'
import { downloadOf } from './downloads.ts'
import { installScript } from './install-script.ts'
import type { RestOptions } from './rest-app.ts'
import type { RestEnv } from './rest-env.ts'

const landing = `Navarch control plane

  ${routes.nodes}        the fleet; also ${routes.pools}, ${routes.operations}, ${routes.events}, ${routes.version}
  ${viewRoutes.overview}     what the web page shows; also ${viewRoutes.activity}, ${viewRoutes.fleet}, ${viewRoutes.queue},
                       ${viewRoutes.slurm}, ${viewRoutes.history}, ${viewRoutes.search}?q=
  ${alertRoutes.alerts}       alerts; also ${alertRoutes.alertRules}, ${alertRoutes.alertSilences}, ${alertRoutes.alertHistory}, ${simpleAlertRoutes.simpleAlerts}
  ${authRoutes.session}        who you are and what you may do; also ${tokenRoutes.tokens}, ${tokenRoutes.sessions}
  /v1/jobs             jobs; also /v1/usage, /v1/waste, /v1/health; /docs describes it all
  /healthz  /readyz    probes
  /metrics             Prometheus metrics
  /download/install.sh installs the agent on a node
  navarch.ControlPlaneService  gRPC, Connect and gRPC-Web on this port, with reflection
`

/** Everything outside the JSON API: probes, metrics, downloads and a landing page. */
export function plainRoutes({ services, downloadDir }: RestOptions): Hono<RestEnv> {
  const app = new Hono<RestEnv>()
  app.get('/', (context) => context.text(landing))
  app.get('/healthz', (context) => context.text('ok'))
  app.get('/readyz', (context) => {
    const reason = services.notReady()
    return reason === undefined ? context.text('ready') : context.text(reason, 503)
  })
  app.get('/metrics', async (context) =>
    context.body(await services.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
  app.get('/download/install.sh', (context) =>
    context.body(installScript(serverAddress(context.req.url)), 200, { 'content-type': 'text/x-shellscript' }),
  )
  app.get('/download/:name', (context) =>
    downloadOf(downloadDir, context.req.param('name'), {
      method: context.req.method,
      ifNoneMatch: context.req.header('if-none-match'),
    }),
  )
  return app
}

/** The address at which the caller reached us: what works for it now works for its agent. */
function serverAddress(url: string): string {
  const { origin } = new URL(url)
  if (!/^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(origin))
    throw new ServiceError('invalid', 'the Host header is no address')
  return origin
}
