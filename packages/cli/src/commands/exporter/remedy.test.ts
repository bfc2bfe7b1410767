import { exitError } from '@navarch/slurm/slurm-command'
import { SlurmError } from '@navarch/slurm/slurm-error'
import { describe, expect, it } from 'vitest'
import { remedyOf } from './remedy.ts'

/** What scontrol 22.05 prints on a machine without slurm.conf, for `--version` too. */
const withoutConfig = `scontrol: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host
scontrol: error: fetch_config: DNS SRV lookup failed
scontrol: error: _establish_config_source: failed to fetch config
scontrol: fatal: Could not establish a configuration source
`

describe('the remedy of an exporter that cannot start', () => {
  it('is to install the commands where they are missing', () => {
    expect(remedyOf(new SlurmError('missing-command', 'cannot run scontrol: ENOENT'))).toMatch(/slurm-client.*--bin/)
  })

  it('is to name slurm.conf where the commands are there and it is not', () => {
    const said = exitError({ code: 1, signal: null, stdout: '', stderr: withoutConfig }, 'scontrol --version')
    expect(remedyOf(said)).toMatch(/no slurm\.conf.*--conf/)
    expect(remedyOf(said)).not.toMatch(/install|slurm-client/i)
  })

  it('is none where nobody knows one', () => {
    expect(remedyOf(new SlurmError('timeout', 'scontrol --version: no answer within 10000 ms'))).toBeUndefined()
  })
})
