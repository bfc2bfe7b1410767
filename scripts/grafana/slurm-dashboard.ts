import type { Dashboard } from './dashboard-json.ts'
import { bars, graph, query, stat, table } from './panels.ts'

/** The queue, and whether the scheduler keeps up with it. */
export const slurm: Dashboard = {
  name: 'slurm',
  title: 'Navarch: Slurm queue and scheduler',
  note: 'What waits and why, who uses what, and whether slurmctld keeps up.',
  variables: [
    { name: 'partition', label: 'Partition', metric: 'slurm_partition_cpus_total', of: 'partition', multi: true },
  ],
  rows: [
    {
      title: 'Now',
      panels: [
        stat('slurmctld answers', 'short', 'min(slurm_up)', { limits: { amber: 1, red: 1, low: true } }),
        stat('Running', 'short', 'slurm_queue_running'),
        stat('Waiting', 'short', 'slurm_queue_pending'),
        stat('Nodes free', 'short', 'slurm_nodes_idle'),
        stat('Nodes drained', 'short', 'slurm_nodes_drain', { limits: { amber: 1, red: 10 } }),
        stat('Nodes down', 'short', 'slurm_nodes_down', { limits: { amber: 1, red: 10 } }),
      ],
    },
    {
      title: 'Queue',
      panels: [
        graph('Jobs', 'short', [
          query('slurm_queue_running', 'running'),
          query('slurm_queue_pending', 'waiting'),
          query('slurm_queue_completing', 'ending'),
        ]),
        graph('Waiting, by reason', 'short', [query('sum by (reason) (slurm_queue_pending_reason)', '{{reason}}')], {
          stacked: true,
        }),
        graph(
          'Waiting, by partition',
          'short',
          [query('slurm_partition_jobs_pending{partition=~"$partition"}', '{{partition}}')],
          { stacked: true },
        ),
        graph(
          'CPUs in use, by partition',
          'percentunit',
          [
            query(
              'slurm_partition_cpus_allocated{partition=~"$partition"} / (slurm_partition_cpus_total{partition=~"$partition"} > 0)',
              '{{partition}}',
            ),
          ],
          { max: 1 },
        ),
        graph(
          'GPUs in use, by partition',
          'short',
          [query('slurm_partition_gpus_allocated{partition=~"$partition"}', '{{partition}}')],
          { stacked: true },
        ),
        graph(
          'Jobs completed per hour, by partition',
          'short',
          [query('slurm_partition_jobs_completed_per_hour{partition=~"$partition"}', '{{partition}}')],
          { stacked: true },
        ),
        graph(
          'Ends of jobs',
          'short',
          [
            query('sum(rate(slurm_scheduler_jobs_completed[1h])) * 3600', 'completed per hour'),
            query('sum(rate(slurm_scheduler_jobs_failed[1h])) * 3600', 'failed per hour'),
            query('sum(rate(slurm_scheduler_jobs_canceled[1h])) * 3600', 'cancelled per hour'),
          ],
          { note: "slurmctld's counters, which begin anew at midnight." },
        ),
      ],
    },
    {
      title: 'Users and accounts',
      panels: [
        bars('GPUs by user', 'short', [query('topk(20, slurm_user_gpus_running > 0)', '{{user}}')]),
        bars('GPUs by account', 'short', [query('topk(20, slurm_account_gpus_running > 0)', '{{account}}')]),
        bars('Waiting jobs by user', 'short', [query('topk(20, slurm_user_jobs_pending > 0)', '{{user}}')]),
        bars('Fair share by account', 'short', [query('slurm_account_fairshare', '{{account}}')]),
      ],
    },
    {
      title: 'Nodes',
      panels: [
        graph(
          'Nodes by state',
          'short',
          ['alloc', 'mix', 'idle', 'comp', 'planned', 'resv', 'maint', 'drain', 'down', 'fail'].map((state) =>
            query(`slurm_nodes_${state}`, state),
          ),
          { stacked: true },
        ),
        table('Nodes out of service', 's', [
          query(
            'slurm_node_drain_age_seconds * on (instance, job, node) group_left (status, reason, user) slurm_node_drain_reason_info',
          ),
        ]),
      ],
    },
    {
      title: 'Scheduler',
      panels: [
        graph('Cycles of the scheduler', 'µs', [
          query('slurm_scheduler_last_cycle', 'main, last'),
          query('slurm_scheduler_mean_cycle', 'main, mean'),
          query('slurm_scheduler_backfill_last_cycle', 'backfill, last'),
          query('slurm_scheduler_backfill_mean_cycle', 'backfill, mean'),
        ]),
        graph('Depth of backfill', 'short', [
          query('slurm_scheduler_backfill_last_depth', 'jobs looked at'),
          query('slurm_scheduler_backfill_last_queue_length', 'jobs that waited'),
        ]),
        graph('Threads and queues of slurmctld', 'short', [
          query('slurm_scheduler_threads', 'threads'),
          query('slurm_scheduler_queue_size', 'messages to nodes'),
          query('slurm_scheduler_dbd_queue_size', 'messages to slurmdbd'),
        ]),
        graph(
          'Time of RPCs, by user',
          'percentunit',
          [query('topk(10, rate(slurm_user_rpc_stats_total_time[10m]) / 1e6)', '{{user}}')],
          { note: 'Share of one second that slurmctld spends on them.' },
        ),
        graph('RPCs per second, by type', 'short', [query('topk(10, rate(slurm_rpc_stats[10m]))', '{{operation}}')]),
      ],
    },
  ],
}
