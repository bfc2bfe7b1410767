import { socketOrHttpUrl } from '../schema/addresses.ts'
import { choice, duration, environmentName, text } from '../schema/scalars.ts'
import { key } from '../schema/schema.ts'

/** Whether a text is a version as slurmrestd's paths have it. */
function isApiVersion(text: string): boolean {
  return /^v0\.0\.\d{1,3}$/.test(text)
}

export const slurmKeys = {
  driver: key(
    choice(['auto', 'cli', 'rest', 'none']),
    'How Slurm is reached: its commands, slurmrestd, not at all, or by what is found on this machine.',
    { default: 'auto' },
  ),
  conf: key(text('a path'), 'Path of slurm.conf.', { defaultNote: "Slurm's own" }),
  bin: key(text('a path'), "Folder of Slurm's commands.", { defaultNote: 'the PATH' }),
  rest_url: key(socketOrHttpUrl(), 'Address of slurmrestd; driver rest needs it.'),
  api_version: key(
    text('a version of the API such as v0.0.40', isApiVersion, { pattern: '^v0\\.0\\.\\d{1,3}$' }),
    'Version of the API that slurmrestd is asked for; where it is not served, the newest common one is used.',
    { defaultNote: 'the newest common one' },
  ),
  token_env: key(environmentName(), "Environment variable that holds slurmrestd's token.", { default: 'SLURM_JWT' }),
  poll_interval: key(duration(1000), "How often Slurm's state is read.", { default: 15_000 }),
  munge_key: key(text('a path'), "Path of munge's key, which new hosts are given."),
}
