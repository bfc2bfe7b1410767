import { readFileSync } from 'node:fs'
import { defaultAlerts } from '@navarch/core/alert/alerts-spec'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import { describe, expect, it } from 'vitest'
import { type ParsedConfig, parseConfig } from './parse-config.ts'
import { formatProblem } from './problem.ts'

const hourMs = 3_600_000

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}.yaml`, import.meta.url), 'utf8')
}

function load(text: string): ParsedConfig {
  const parsed = parseConfig(text, { file: 'etc/navarch-config.yaml', home: '/home/op' })
  if (parsed.errors) throw new Error(parsed.errors.map(formatProblem).join('\n'))
  return parsed
}

function pool(text: string, name: string): PoolSpec {
  const found = load(text).config.pools.find((each) => each.name === name)
  if (!found) throw new Error(`no pool ${name}`)
  return found
}

describe('the documents of the guide', () => {
  it.each(['configuration', 'ssh-bootstrap', 'pool-queue', 'composite', 'complete-example'])(
    '%s loads without a warning',
    (name) => {
      expect(load(fixture(name)).warnings).toEqual([])
    },
  )

  it('gives the first document the meaning that the guide describes', () => {
    expect(load(fixture('configuration')).config).toEqual({
      server: {
        address: { host: '0.0.0.0', port: 50051 },
        heartbeatIntervalMs: 30_000,
        heartbeatTimeoutMs: 90_000,
        healthCheckIntervalMs: 60_000,
        autoscaleIntervalMs: 30_000,
        auth: {
          tokens: [],
          protectJobs: false,
          sessionIdleMs: 8 * 3_600_000,
          sessionLifetimeMs: 24 * 3_600_000,
          allowHttp: false,
        },
      },
      providers: [{ name: 'lambda', type: 'lambda', apiKeyEnv: 'LAMBDA_API_KEY' }],
      pools: [
        {
          name: 'gpu-partition',
          provider: 'lambda',
          instanceType: 'gpu_8x_h100_sxm5',
          region: 'us-west-2',
          zones: [],
          sshKeys: [],
          minNodes: 4,
          maxNodes: 64,
          mode: 'act',
          rejectCooldownMs: 3_600_000,
          cooldownMs: 600_000,
          autoscaler: { type: 'queue', jobsPerNode: 1 },
          health: { unhealthyThreshold: 2, autoReplace: true },
          labels: { pool: 'gpu-partition' },
          ssh: { user: 'ubuntu', port: 22 },
          bootstrap: { kind: 'default' },
          inactive: [],
        },
      ],
      slurm: { driver: 'auto', tokenEnv: 'SLURM_JWT', pollIntervalMs: 15_000 },
      jobs: {
        retention: { rawMs: 48 * hourMs, stepMs: 300_000, samplesMs: 90 * 24 * hourMs, jobsMs: 365 * 24 * hourMs },
        metrics: { endedMs: 300_000 },
        adminComment: false,
        outputFile: false,
      },
      alerts: defaultAlerts,
    })
  })

  it('keeps the heredocs of setup_commands verbatim', () => {
    const { bootstrap, ssh } = pool(fixture('complete-example'), 'gpu-partition')
    expect(ssh).toEqual({ user: 'ubuntu', port: 22, privateKeyPath: '/etc/navarch/ssh-key' })
    if (bootstrap.kind !== 'commands') throw new Error(bootstrap.kind)
    expect(bootstrap.commands).toHaveLength(5)
    expect(bootstrap.commands[1]).toBe(
      [
        'cat > /etc/systemd/system/navarch-node.service << EOF',
        '[Unit]',
        'Description=Navarch Node Agent',
        'After=network.target',
        '[Service]',
        'ExecStart=/usr/local/bin/navarch-node --server {{.ControlPlane}} --node-id {{.NodeID}}',
        'Restart=always',
        '[Install]',
        'WantedBy=multi-user.target',
        'EOF',
        '',
      ].join('\n'),
    )
  })

  it('reads the composite autoscaler and the labels of the complete example', () => {
    expect(pool(fixture('complete-example'), 'gpu-partition')).toMatchObject({
      autoscaler: {
        type: 'composite',
        mode: 'max',
        autoscalers: [
          { type: 'queue', jobsPerNode: 1 },
          { type: 'reactive', scaleUpThreshold: 90, scaleDownThreshold: 10 },
        ],
      },
      labels: { scheduler: 'slurm', partition: 'gpu', pool: 'gpu-partition' },
    })
    expect(load(fixture('complete-example')).config.server.autoscaleIntervalMs).toBe(60_000)
  })

  it('loads a pool of a provider that is not built yet, and says so', () => {
    const { config, warnings } = load(fixture('multi-partition'))
    expect(config.providers).toEqual([
      { name: 'lambda', type: 'lambda', apiKeyEnv: 'LAMBDA_API_KEY' },
      { name: 'gcp', type: 'gcp' },
    ])
    expect(config.pools.map((each) => each.inactive)).toEqual([[], ['provider gcp']])
    expect(warnings.map(formatProblem)).toEqual([
      'etc/navarch-config.yaml:24:15: pools[1].provider: accepted, not active yet: gcp: known, not built yet',
    ])
  })
})

describe('the map dialect', () => {
  const text = fixture('map-dialect')

  it('reads limits, cooldown, thresholds and labels', () => {
    expect(pool(text, 'training')).toMatchObject({
      minNodes: 2,
      maxNodes: 20,
      cooldownMs: 600_000,
      autoscaler: { type: 'reactive', scaleUpThreshold: 75, scaleDownThreshold: 25 },
      labels: { workload: 'training', generation: '2', pool: 'training' },
      sshKeys: ['training-team'],
    })
  })

  it('fills in defaults key by key; a threshold of 0 means the default', () => {
    expect(pool(text, 'training')).toMatchObject({
      health: { unhealthyThreshold: 3, autoReplace: false },
      ssh: { user: 'admin', privateKeyPath: '/home/op/.ssh/navarch' },
    })
    expect(pool(text, 'fungible')).toMatchObject({
      sshKeys: ['ops-team', 'ml-team'],
      health: { unhealthyThreshold: 3, autoReplace: true },
    })
  })

  it('uses the first of several providers and calls the rest inactive', () => {
    expect(pool(text, 'fungible')).toMatchObject({
      provider: 'lambda',
      region: 'us-west-2',
      instanceType: 'h100-8x',
      inactive: ['strategy', 'providers', 'providers[1].regions'],
    })
  })

  it('accepts scheduled and predictive autoscalers as inactive', () => {
    expect(pool(text, 'office-hours')).toMatchObject({
      autoscaler: { type: 'scheduled', fallback: { type: 'queue', jobsPerNode: 10 } },
      inactive: ['autoscaling.type'],
    })
    expect(pool(text, 'trend').autoscaler).toEqual({ type: 'predictive' })
  })

  it('warns of everything that is accepted and not active', () => {
    const keys = load(text).warnings.map(({ line, key }) => `${line} ${key}`)
    expect(keys).toEqual([
      '6 server.health_policy',
      '13 providers.google.type',
      '51 pools.fungible.providers',
      '57 pools.fungible.providers[1].regions',
      '58 pools.fungible.strategy',
      '68 pools.office-hours.autoscaling.type',
      '83 pools.trend.autoscaling.type',
    ])
  })

  it('takes a bare port as all addresses, and an address for nodes without its slash', () => {
    expect(load(text).config.server).toMatchObject({
      address: { host: '0.0.0.0', port: 50051 },
      externalAddress: 'https://navarch.example.com',
      heartbeatTimeoutMs: 120_000,
    })
  })
})

describe('the list dialect', () => {
  it('takes keys and intervals of `global`', () => {
    const { config } = load(fixture('list-dialect'))
    expect(config.server).toMatchObject({
      externalAddress: 'https://control-plane.example.com',
      heartbeatIntervalMs: 20_000,
      heartbeatTimeoutMs: 60_000,
      healthCheckIntervalMs: 120_000,
    })
    expect(config.pools[0]).toMatchObject({
      sshKeys: ['ops-team', 'ml-team'],
      autoscaler: { type: 'composite', mode: 'avg' },
      health: { unhealthyThreshold: 1, autoReplace: false },
    })
  })
})

describe('what the documents lack', () => {
  const text = fixture('machines')

  it('reads hosts that exist, each an address or a mapping', () => {
    expect(load(text).config.providers[0]).toEqual({
      name: 'rack',
      type: 'static',
      image: 'installed',
      hosts: [
        { address: '10.0.0.11', labels: {} },
        {
          address: 'gpu-12.example.com',
          name: 'gpu-node-012',
          user: 'root',
          port: 2222,
          instanceType: 'hgx-h100',
          labels: { rack: 'a' },
        },
      ],
    })
  })

  it('needs no instance type for machines that exist, takes the image of the provider and paths from its own folder', () => {
    expect(pool(text, 'racks')).toMatchObject({
      instanceType: 'static',
      image: 'installed',
      bootstrap: { kind: 'none' },
      ssh: { privateKeyPath: 'etc/keys/rack' },
    })
  })

  it('reads the settings of Slurm', () => {
    expect(load(text).config.slurm).toEqual({
      driver: 'rest',
      conf: '/etc/slurm/slurm.conf',
      bin: '/usr/bin',
      restUrl: 'http://user:secret@localhost:6820',
      tokenEnv: 'MY_TOKEN',
      pollIntervalMs: 5_000,
      mungeKey: '/etc/munge/munge.key',
    })
  })
})

describe('a mixture of the dialects', () => {
  it('is taken key by key', () => {
    const text = `
pools:
  a: { provider: fake, instance_type: x, min_nodes: 1, scaling: { max_nodes: 3, autoscaler: { type: queue } } }
  b:
    provider: fake
    instance_type: x
    scaling: { min_nodes: 2 }
    max_nodes: 2
    autoscaling: { type: reactive, scale_up_threshold: 60, scale_down_at: 10 }
    health: { unhealthy_threshold: 4 }
`
    expect(pool(text, 'a')).toMatchObject({ minNodes: 1, maxNodes: 3, autoscaler: { type: 'queue', jobsPerNode: 10 } })
    expect(pool(text, 'b')).toMatchObject({
      minNodes: 2,
      maxNodes: 2,
      autoscaler: { type: 'reactive', scaleUpThreshold: 60, scaleDownThreshold: 10 },
      health: { unhealthyThreshold: 4, autoReplace: false },
    })
  })

  it('may say the same twice', () => {
    const text = `
pools:
  - name: a
    provider: fake
    instance_type: x
    max_nodes: 3
    autoscaling: { type: queue, jobs_per_node: 10 }
    scaling: { max_nodes: 3, autoscaler: { type: queue } }
`
    expect(pool(text, 'a')).toMatchObject({ maxNodes: 3, autoscaler: { type: 'queue', jobsPerNode: 10 } })
  })

  it('replaces faulty nodes only where a health block does not leave it out', () => {
    const head = 'pools: [{ name: a, provider: fake, instance_type: x, max_nodes: 1'
    expect(pool(`${head} }]`, 'a').health).toEqual({ unhealthyThreshold: 2, autoReplace: true })
    expect(pool(`${head}, health: { unhealthy_after: 1 } }]`, 'a').health).toEqual({
      unhealthyThreshold: 1,
      autoReplace: false,
    })
  })
})

describe('YAML', () => {
  it('allows anchors, aliases and merges', () => {
    const text = `
pools:
  a: &base { provider: fake, instance_type: x, max_nodes: 3 }
  b: { <<: *base, max_nodes: 4 }
`
    expect(pool(text, 'a').maxNodes).toBe(3)
    expect(pool(text, 'b').maxNodes).toBe(4)
  })

  it('takes a key with nothing behind it as not given', () => {
    expect(load('server:\nproviders:\n  fake:\npools:\n').config.providers).toEqual([
      { name: 'fake', type: 'fake', gpuCount: 8 },
    ])
  })

  it('loads an empty file with a warning', () => {
    expect(load('').warnings.map((warning) => warning.key)).toEqual(['pools'])
  })
})

describe('warnings', () => {
  it('say what is surely not meant', () => {
    const text = `server: { external_address: localhost:50051 }
pools: { a: { provider: fake, instance_type: x, max_nodes: 1, labels: { pool: b } } }
`
    expect(load(text).warnings.map(formatProblem)).toEqual([
      'etc/navarch-config.yaml:1:29: server.external_address: localhost leads each node to itself: only nodes on this machine can reach it',
      'etc/navarch-config.yaml:2:71: pools.a.labels.pool: is always the pool\'s name, "a"',
    ])
    expect(pool(text, 'a').labels).toEqual({ pool: 'a' })
  })

  it('name composite strategies, which leave the pool without an autoscaler', () => {
    const text = `
pools:
  a:
    provider: fake
    instance_type: x
    max_nodes: 1
    autoscaling: { type: composite, strategies: [{ type: queue }] }
`
    expect(pool(text, 'a').autoscaler).toBeUndefined()
    expect(pool(text, 'a').inactive).toEqual(['autoscaling.strategies'])
  })
})

describe('jobs', () => {
  it('keep readings and send metrics as the file says', () => {
    const text = `
server: { jobs_address: ":9090" }
slurm: { driver: rest, rest_url: "http://slurm:6820", api_version: v0.0.40 }
jobs:
  retention: { raw: 12h, step: 10m, samples: 240h, jobs: 240h }
  metrics: { max_series: 1000, ended: 0 }
  remote_write: { url: "https://mimir/api/v1/push", username: navarch, password_env: MIMIR_PASSWORD, headers: { X-Scope-OrgID: hpc } }
  admin_comment: true
  output_file: true
`
    const { server, slurm, jobs } = load(text).config
    expect(server.jobsAddress).toEqual({ host: '0.0.0.0', port: 9090 })
    expect(slurm.apiVersion).toBe('v0.0.40')
    expect(jobs).toEqual({
      retention: { rawMs: 12 * hourMs, stepMs: 600_000, samplesMs: 240 * hourMs, jobsMs: 240 * hourMs },
      metrics: { maxSeries: 1000, endedMs: 0 },
      remoteWrite: {
        url: 'https://mimir/api/v1/push',
        intervalMs: 15_000,
        timeoutMs: 10_000,
        basic: { username: 'navarch', passwordEnv: 'MIMIR_PASSWORD' },
        headers: { 'X-Scope-OrgID': 'hpc' },
      },
      adminComment: true,
      outputFile: true,
    })
  })

  it('have a port of their own beside the main one, or none', () => {
    const jobsAddress = (address: string) => load(`server: ${address}`).config.server.jobsAddress
    expect(jobsAddress('{ jobs_address: ":9090" }')).toEqual({ host: '0.0.0.0', port: 9090 })
    expect(jobsAddress('{ jobs_address: none }')).toBe('none')
    expect(jobsAddress('{ address: ":1" }')).toBeUndefined()
  })

  it.each([
    ['remote_write: { interval: 15s }', 'jobs.remote_write: needs url'],
    ['remote_write: { url: "http://a", username: b }', 'jobs.remote_write: username and password_env belong together'],
    ['retention: { jobs: 24h }', 'jobs.retention.jobs: must be at least retention.samples (2160h)'],
    ['retention: { raw: 1m }', 'jobs.retention.raw: must be a duration'],
  ])('refuse %s', (text, message) => {
    const { errors } = parseConfig(`jobs: { ${text} }`, { file: 'c.yaml' })
    expect(errors?.map(formatProblem).join()).toContain(message)
  })
})
