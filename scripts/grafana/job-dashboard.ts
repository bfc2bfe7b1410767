import type { Dashboard } from './dashboard-json.ts'
import { graph, query, stat, table } from './panels.ts'

const ofJob = '{job_id="$job"}'

/** One job, node by node and GPU by GPU. */
export const jobs: Dashboard = {
  name: 'jobs',
  title: 'Navarch: job',
  note: 'One job: what it uses of what it has.',
  from: 'now-3h',
  variables: [
    { name: 'user', label: 'User', metric: 'hpc_job_runtime_seconds', of: 'user', multi: true },
    { name: 'job', label: 'Job', metric: 'hpc_job_runtime_seconds{user=~"$user"}', of: 'job_id' },
  ],
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Runs for', 's', `max(hpc_job_runtime_seconds${ofJob})`),
        stat('CPU', 'percent', `avg(hpc_job_cpu_usage_percent${ofJob})`),
        stat('Memory', 'bytes', `sum(hpc_job_memory_usage_bytes${ofJob})`),
        stat('GPU', 'percent', `avg(hpc_job_gpu_usage_percent${ofJob})`),
        stat('Power of the GPUs', 'watt', `sum(hpc_job_gpu_device_power_watts${ofJob})`),
        stat('GPUs', 'short', `count(hpc_job_gpu_device_utilization_percent${ofJob})`),
      ],
    },
    {
      title: 'Nodes',
      panels: [
        graph('CPU', 'percent', [query(`hpc_job_cpu_usage_percent${ofJob}`, '{{node}}')], { max: 100 }),
        graph('Memory', 'bytes', [query(`hpc_job_memory_usage_bytes${ofJob}`, '{{node}}')]),
      ],
    },
    {
      title: 'GPUs',
      panels: [
        graph('Use', 'percent', [query(`hpc_job_gpu_device_utilization_percent${ofJob}`, '{{node}} {{gpu_id}}')], {
          max: 100,
        }),
        graph('Memory', 'bytes', [query(`hpc_job_gpu_device_memory_used_bytes${ofJob}`, '{{node}} {{gpu_id}}')]),
        graph('Power', 'watt', [query(`hpc_job_gpu_device_power_watts${ofJob}`, '{{node}} {{gpu_id}}')]),
        graph('Temperature', 'celsius', [
          query(`hpc_job_gpu_device_temperature_celsius${ofJob}`, '{{node}} {{gpu_id}}'),
        ]),
        graph('SM clock', 'rotmhz', [query('DCGM_FI_DEV_SM_CLOCK{hpc_job="$job"}', '{{Hostname}} GPU {{gpu}}')], {
          note: 'In MHz. A node that is slower than the others holds up all of them.',
        }),
        graph('Clocks slowed', 'short', [
          query(
            'navarch_agent_gpu_clocks_slowed == 1 and on (Hostname, gpu) DCGM_FI_DEV_SM_CLOCK{hpc_job="$job"}',
            '{{Hostname}} GPU {{gpu}}: {{reason}}',
          ),
        ]),
      ],
    },
    {
      title: 'All jobs',
      panels: [
        graph('Jobs by state', 'short', [query('hpc_job_state_total', '{{state}}')]),
        table('Least use of GPUs, jobs that run for an hour', 'percent', [
          query('bottomk(20, avg by (job_id, user) (hpc_job_gpu_usage_percent and hpc_job_runtime_seconds > 3600))'),
        ]),
      ],
    },
  ],
}
