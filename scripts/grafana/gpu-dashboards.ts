import type { Dashboard } from './dashboard-json.ts'
import { bars, graph, query, stat, table } from './panels.ts'

/** A value of each GPU once, also where jobs share it. */
const each = (metric: string, filter = '') => `max without (hpc_job) (${metric}${filter})`

/** All GPUs: use, heat, and which are not well. */
export const gpus: Dashboard = {
  name: 'gpus',
  title: 'Navarch: GPU fleet',
  note: 'Use, power and heat of all GPUs, and those that are not well.',
  variables: [{ name: 'model', label: 'Model', metric: 'DCGM_FI_DEV_GPU_TEMP', of: 'modelName', multi: true }],
  rows: [
    {
      title: 'Now',
      panels: [
        stat('GPUs that answer', 'short', 'sum(navarch_agent_gpus)'),
        stat('Lost', 'short', 'sum(navarch_agent_gpu_lost) or vector(0)', { limits: { amber: 1, red: 1 } }),
        stat('Nodes that cannot be looked at', 'short', 'count(navarch_agent_gpu_up == 0) or vector(0)', {
          limits: { amber: 1, red: 5 },
        }),
        stat('Mean use', 'percent', `avg(${each('DCGM_FI_DEV_GPU_UTIL', '{modelName=~"$model"}')})`),
        stat('Power', 'watt', `sum(${each('DCGM_FI_DEV_POWER_USAGE', '{modelName=~"$model"}')})`),
        stat('Hottest', 'celsius', `max(DCGM_FI_DEV_GPU_TEMP{modelName=~"$model"})`, {
          limits: { amber: 80, red: 87 },
        }),
      ],
    },
    {
      title: 'Not well',
      panels: [
        table(
          'XID errors of the last day',
          'dateTimeFromNow',
          [query('(navarch_agent_gpu_xid_last_timestamp_seconds > time() - 86400) * 1000')],
          { note: 'What a code means: docs/concepts/health.md.' },
        ),
        table('The driver asks for', 'short', [query('navarch_agent_gpu_recovery_action == 1')], { hide: ['Value'] }),
        table(
          'Memory',
          'short',
          [
            query(`${each('DCGM_FI_DEV_ROW_REMAP_FAILURE')} == 1`),
            query(`${each('DCGM_FI_DEV_ROW_REMAP_PENDING')} == 1`),
            query(`${each('DCGM_FI_DEV_ECC_DBE_VOL_TOTAL')} > 0`),
          ],
          { note: 'Rows that could not be remapped, rows that wait for a reset, uncorrectable errors.' },
        ),
        table('Slowed by the hardware', 'short', [query('navarch_agent_gpu_clocks_slowed{reason=~"hw_.*"} == 1')], {
          hide: ['Value'],
        }),
      ],
    },
    {
      title: 'Use',
      panels: [
        graph(
          'Use by node',
          'percent',
          [query(`avg by (Hostname) (${each('DCGM_FI_DEV_GPU_UTIL', '{modelName=~"$model"}')})`, '{{Hostname}}')],
          { max: 100 },
        ),
        graph('Memory in use by node', 'mbytes', [
          query(`sum by (Hostname) (${each('DCGM_FI_DEV_FB_USED', '{modelName=~"$model"}')})`, '{{Hostname}}'),
        ]),
        graph(
          'Power by node',
          'watt',
          [query(`sum by (Hostname) (${each('DCGM_FI_DEV_POWER_USAGE', '{modelName=~"$model"}')})`, '{{Hostname}}')],
          { stacked: true },
        ),
        graph('Hottest GPU by node', 'celsius', [
          query('max by (Hostname) (DCGM_FI_DEV_GPU_TEMP{modelName=~"$model"})', '{{Hostname}}'),
        ]),
        bars(
          'Held and idle, by user',
          'short',
          [
            query(
              'topk(20, count by (user) (navarch_job_info{gpu!=""} * on (node, gpu) group_left () max by (node, gpu) (max_over_time(navarch_gpu_utilization_percent[30m])) == 0))',
              '{{user}}',
            ),
          ],
          { note: 'GPUs that have run no kernel for 30 minutes, by who has them.' },
        ),
        bars('Power by user', 'watt', [
          query(
            'topk(20, sum by (user) (navarch_gpu_power_watts * on (node, gpu) group_left (user) max by (node, gpu, user) (navarch_job_info)))',
            '{{user}}',
          ),
        ]),
      ],
    },
  ],
}

const ofNode = '{Hostname="$node"}'

/** One node: GPUs side by side on one scale. */
export const node: Dashboard = {
  name: 'node',
  title: 'Navarch: node',
  note: 'One node: its GPUs, its jobs, its state.',
  variables: [{ name: 'node', label: 'Node', metric: 'navarch_agent_info', of: 'Hostname' }],
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Health', 'short', 'navarch_node_health_status{node_id="$node"}', {
          ...{ limits: { amber: 1, red: 0.5, low: true }, note: '1 healthy, 0.5 degraded, 0 unhealthy.' },
        }),
        stat('GPUs that answer', 'short', `navarch_agent_gpus${ofNode}`),
        stat('Age of the readings', 's', `navarch_agent_gpu_readings_age_seconds${ofNode}`, {
          limits: { amber: 45, red: 60 },
        }),
        stat('Jobs', 'short', 'hpc_node_job_count{node="$node"}'),
        stat('CPU', 'percent', 'hpc_node_cpu_usage_percent{node="$node"}'),
        stat(
          'Memory',
          'percentunit',
          'hpc_node_memory_usage_bytes{node="$node"} / hpc_node_total_memory_bytes{node="$node"}',
        ),
        table('State in Slurm', 'short', [query('hpc_node_state{node="$node"} == 1')], {
          ...{ width: 8, height: 5, hide: ['Value'] },
        }),
        table('Jobs on it', 'short', [query('navarch_job_info{node="$node"}')], {
          ...{ width: 16, height: 5, hide: ['Value', 'node'] },
        }),
      ],
    },
    {
      title: 'GPUs',
      panels: [
        graph('Use', 'percent', [query(each('DCGM_FI_DEV_GPU_UTIL', ofNode), 'GPU {{gpu}}')], { max: 100 }),
        graph('Memory in use', 'mbytes', [
          query(each('DCGM_FI_DEV_FB_USED', ofNode), 'GPU {{gpu}} {{GPU_I_PROFILE}} {{GPU_I_ID}}'),
        ]),
        graph('Power', 'watt', [query(each('DCGM_FI_DEV_POWER_USAGE', ofNode), 'GPU {{gpu}}')]),
        graph('Temperature', 'celsius', [
          query(each('DCGM_FI_DEV_GPU_TEMP', ofNode), 'GPU {{gpu}}'),
          query(each('DCGM_FI_DEV_MEMORY_TEMP', ofNode), 'GPU {{gpu}} memory'),
        ]),
        graph('SM clock', 'rotmhz', [query(each('DCGM_FI_DEV_SM_CLOCK', ofNode), 'GPU {{gpu}}')], {
          note: 'In MHz. One that is lower than the others slows the whole job.',
        }),
        graph('Clocks slowed', 'short', [
          query(`navarch_agent_gpu_clocks_slowed${ofNode} == 1`, 'GPU {{gpu}}: {{reason}}'),
        ]),
        graph('Memory errors', 'short', [
          query(each('DCGM_FI_DEV_ECC_SBE_VOL_TOTAL', ofNode), 'GPU {{gpu}} corrected'),
          query(each('DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', ofNode), 'GPU {{gpu}} uncorrectable'),
        ]),
        table(
          'XID errors of this boot',
          'dateTimeFromNow',
          [query(`navarch_agent_gpu_xid_last_timestamp_seconds${ofNode} * 1000`)],
          { hide: ['Hostname'] },
        ),
      ],
    },
    {
      title: 'Machine',
      panels: [
        graph('CPU', 'percent', [query('hpc_node_cpu_usage_percent{node="$node"}', 'in use')], { max: 100 }),
        graph('Memory', 'bytes', [
          query('hpc_node_memory_usage_bytes{node="$node"}', 'in use'),
          query('hpc_node_total_memory_bytes{node="$node"}', 'of Slurm'),
        ]),
      ],
    },
  ],
}
