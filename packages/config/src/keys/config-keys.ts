import { object } from '../schema/containers.ts'
import { key } from '../schema/schema.ts'
import { alertKeys } from './alert-keys.ts'
import { jobKeys } from './job-keys.ts'
import { defaultsKeys, globalSshKeyNames, pools } from './pool-keys.ts'
import { providers } from './provider-keys.ts'
import { globalAgent, serverKeys } from './server-keys.ts'
import { slurmKeys } from './slurm-keys.ts'

/**
 * Every key of navarch-config.yaml, both dialects: what is read, what the JSON Schema allows and what the
 * documentation lists all come from here.
 */
export const configKeys = {
  server: key(object(serverKeys), 'The control plane itself.'),
  providers: key(providers, "Where machines come from. One that a pool names by its type's name may be left out."),
  pools: key(pools, 'Groups of like nodes: a list of pools with names, or a mapping of names to pools.'),
  defaults: key(object(defaultsKeys), 'Values for pools that leave them out.'),
  global: key(object({ ssh_key_names: globalSshKeyNames, agent: globalAgent }), 'Values for all pools and agents.'),
  slurm: key(object(slurmKeys), 'How Slurm is reached.'),
  jobs: key(object(jobKeys), 'What is kept and told of jobs.'),
  alerts: key(object(alertKeys), 'What is told to whom when something is wrong.'),
}
