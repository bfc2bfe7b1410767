import type { Dashboard } from './dashboard-json.ts'
import { bars, graph, query, stat, table } from './panels.ts'

const firing = 'ALERTS{alertstate="firing"}'

/** Is anything wrong, and what does Navarch do about it. */
export const cluster: Dashboard = {
  name: 'cluster',
  title: 'Navarch: cluster',
  note: 'Is anything wrong, and is the machine used.',
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Alerts', 'short', `count(${firing}) or vector(0)`, { limits: { amber: 1, red: 5 } }),
        stat('Unhealthy nodes', 'short', 'sum(navarch_nodes{health="unhealthy"}) or vector(0)', {
          limits: { amber: 1, red: 5 },
        }),
        stat('Unknown nodes', 'short', 'sum(navarch_nodes{health="unknown"}) or vector(0)', {
          limits: { amber: 1, red: 5 },
          note: 'Nobody hears of them.',
        }),
        stat('GPUs in use', 'percentunit', 'slurm_gpus_alloc / slurm_gpus_total', {
          note: 'Allocated by Slurm, whether they work or not.',
        }),
        stat('GPU use', 'percent', 'avg(navarch_gpu_utilization_percent)', { note: 'Mean of all GPUs.' }),
        stat('Jobs that wait', 'short', 'slurm_queue_pending'),
        table('Alerts that fire', 'short', [query(`${firing}`)], {
          ...{ width: 24, height: 7, hide: ['alertstate', 'Value'] },
          note: 'What each means: docs/prometheus.md.',
        }),
      ],
    },
    {
      title: 'Nodes and pools',
      panels: [
        graph('Nodes by health', 'short', [query('sum by (health) (navarch_nodes)', '{{health}}')], { stacked: true }),
        graph('Nodes by status', 'short', [query('sum by (status) (navarch_nodes_total)', '{{status}}')], {
          stacked: true,
        }),
        graph(
          'Pools: ready and wanted',
          'short',
          [
            query('navarch_pool_nodes{state="ready"}', '{{pool}} ready'),
            query('navarch_pool_nodes{state="wanted"}', '{{pool}} wanted'),
          ],
          { note: 'Wanted above ready for long: machines are not to be had, or do not become ready.' },
        ),
        graph('Operations', 'short', [query('sum by (kind, state) (navarch_operations)', '{{kind}} {{state}}')], {
          stacked: true,
        }),
      ],
    },
    {
      title: 'Use',
      panels: [
        graph(
          'GPUs',
          'short',
          [
            query('slurm_gpus_alloc', 'allocated'),
            query('slurm_gpus_idle', 'free'),
            query('slurm_gpus_other', 'cannot be used'),
          ],
          { stacked: true },
        ),
        graph('CPUs', 'short', [
          query('slurm_cpus_alloc', 'allocated'),
          query('slurm_cpus_idle', 'free'),
          query('slurm_cpus_other', 'cannot be used'),
          query('slurm_cpus_total', 'all'),
        ]),
        graph('Power of the GPUs', 'watt', [query('sum(navarch_gpu_power_watts)', 'all GPUs')]),
        graph('XID errors', 'short', [query('sum by (xid) (increase(navarch_xid_errors_total[1h]))', 'XID {{xid}}')], {
          note: 'In the hour before.',
        }),
      ],
    },
  ],
}

/** Navarch itself: does it see, does it keep up, what does it cost. */
export const navarch: Dashboard = {
  name: 'itself',
  title: 'Navarch: itself',
  note: 'Does it see Slurm and the agents, does it keep up, and what does it cost.',
  rows: [
    {
      title: 'What it sees',
      panels: [
        stat('Age of the look at Slurm', 's', 'max(navarch_slurm_snapshot_age_seconds)', {
          limits: { amber: 60, red: 120 },
        }),
        stat('Failed looks', 'short', 'max(navarch_slurm_failed_looks)', { limits: { amber: 1, red: 4 } }),
        stat('Agents not heard of', 'short', 'sum(navarch_nodes{health="unknown"}) or vector(0)', {
          limits: { amber: 1, red: 5 },
        }),
        stat('Agents not scraped', 'short', 'count(up{job="navarch-node"} == 0) or vector(0)', {
          limits: { amber: 1, red: 5 },
        }),
        stat('Last word of a job', 'dateTimeFromNow', 'max(hpc_exporter_last_collect_timestamp_seconds) * 1000'),
        stat('Exporter consistent', 'short', 'min(slurm_exporter_consistent)', {
          limits: { amber: 1, red: 1, low: true },
        }),
      ],
    },
    {
      title: 'What it costs Slurm',
      panels: [
        graph('A look at Slurm', 's', [
          query('navarch_slurm_snapshot_duration_seconds', 'whole look'),
          query('navarch_slurm_command_duration_seconds', '{{command}}'),
        ]),
        graph('Age of the look', 's', [
          query('navarch_slurm_snapshot_age_seconds', 'control plane'),
          query('slurm_exporter_snapshot_age_seconds', 'exporter'),
        ]),
      ],
    },
    {
      title: 'Storage and remote write',
      panels: [
        graph('Operations of the store, 99th percentile', 's', [
          query(
            'histogram_quantile(0.99, sum by (le, operation) (rate(storage_operation_duration_seconds_bucket[$__rate_interval])))',
            '{{operation}}',
          ),
        ]),
        graph('Operations per second', 'short', [
          query(
            'sum by (operation) (rate(storage_operation_duration_seconds_count[$__rate_interval]))',
            '{{operation}}',
          ),
        ]),
        graph('Errors of the store', 'short', [
          query(
            'sum by (operation, error_type) (increase(storage_operation_errors_total[5m]))',
            '{{operation}} {{error_type}}',
          ),
        ]),
        graph('Remote write', 'short', [
          query('rate(navarch_remote_write_sent_points_total[$__rate_interval])', 'sent per second'),
          query(
            'sum by (reason) (rate(navarch_remote_write_dropped_points_total[$__rate_interval]))',
            'lost per second: {{reason}}',
          ),
          query('navarch_remote_write_waiting_points', 'waiting'),
        ]),
        graph('Series left out', 'short', [
          query('sum by (metric) (rate(navarch_metrics_dropped_series_total[$__rate_interval]))', '{{metric}}'),
        ]),
        bars('Looks at the GPUs, slowest nodes', 's', [
          query('topk(20, navarch_agent_gpu_look_duration_seconds)', '{{Hostname}}'),
        ]),
      ],
    },
  ],
}
