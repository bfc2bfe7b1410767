import { describe, expect, it } from 'vitest'
import { keysReference } from './reference.ts'

describe('the reference of keys', () => {
  const reference = keysReference()

  it('has a table for each kind of mapping, once', () => {
    const headings = reference.split('\n').filter((line) => line.startsWith('### '))
    expect(headings).toEqual([
      '### Top level',
      '### `server`',
      '### `server.notifier`',
      '### `server.notifier.webhook`',
      '### `server.tls`',
      '### `server.auth`',
      '### `server.auth.tokens[]`',
      '### `server.auth.oidc`',
      '### `providers.<name>` of type lambda',
      '### `providers.<name>` of type gcp, aws, coreweave',
      '### `providers.<name>` of type fake',
      '### `providers.<name>` of type static',
      '### `providers.<name>.hosts[]`',
      '### `providers.<name>` of type lab',
      '### `pools[]`',
      '### `pools[].providers[]`',
      '### `pools[].scaling`',
      '### `pools[].scaling.autoscaler` of type queue',
      '### `pools[].scaling.autoscaler` of type reactive',
      '### `pools[].scaling.autoscaler` of type slurm',
      '### `pools[].scaling.autoscaler` of type composite',
      '### `pools[].scaling.autoscaler` of type scheduled',
      '### `pools[].scaling.autoscaler.schedule[]`',
      '### `pools[].scaling.autoscaler` of type predictive',
      '### `pools[].health`',
      '### `defaults`',
      '### `global`',
      '### `global.agent`',
      '### `slurm`',
      '### `jobs`',
      '### `jobs.retention`',
      '### `jobs.metrics`',
      '### `jobs.remote_write`',
      '### `alerts`',
      '### `alerts.databases[]`',
      '### `alerts.rules[]`',
      '### `alerts.receivers[]` of type webhook',
      '### `alerts.receivers[]` of type slack',
      '### `alerts.receivers[]` of type email',
      '### `alerts.receivers[]` of type pagerduty',
      '### `alerts.receivers[]` of type alertmanager',
      '### `alerts.routes[]`',
      '### `alerts.routes[].escalation[]`',
    ])
  })

  it('says what a key takes, its default and its meaning', () => {
    expect(reference).toContain(
      '| `unhealthy_threshold` | a whole number of at least 0 | `2` | Bad reports in a row before a node that is not fatally faulty is drained; 0 means the default. |',
    )
  })
})
