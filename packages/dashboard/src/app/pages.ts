/** The pages of the rail, with the key after `g` that goes there. */
export const railPages = [
  { path: '/', name: 'Overview', key: 'o' },
  { path: '/nodes', name: 'Nodes', key: 'n' },
  { path: '/pools', name: 'Pools', key: 'p' },
  { path: '/jobs', name: 'Jobs', key: 'j' },
  { path: '/queue', name: 'Queue', key: 'q' },
  { path: '/operations', name: 'Operations', key: 'r' },
  { path: '/alerts', name: 'Alerts', key: 'a' },
  { path: '/slurm', name: 'Slurm', key: 's' },
  { path: '/usage', name: 'Usage', key: 'u' },
] as const
