/** The dashboards for Grafana: written by `npm run generate` into deploy/grafana/dashboards. */
import { type Dashboard, dashboardJson } from './dashboard-json.ts'
import { cluster, navarch } from './fleet-dashboards.ts'
import { gpus, node } from './gpu-dashboards.ts'
import { jobs } from './job-dashboard.ts'
import { slurm } from './slurm-dashboard.ts'

export const dashboards: readonly Dashboard[] = [cluster, slurm, gpus, node, jobs, navarch]

/** Files by path, relative to the root of the repository. */
export function dashboardFiles(): Map<string, string> {
  return new Map(
    dashboards.map((dashboard) => [`deploy/grafana/dashboards/${dashboard.name}.json`, dashboardJson(dashboard)]),
  )
}
