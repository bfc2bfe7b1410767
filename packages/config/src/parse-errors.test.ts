import { describe, expect, it } from 'vitest'
import { parseConfig } from './parse-config.ts'
import { formatProblem } from './problem.ts'

function errorsOf(text: string): string[] {
  return (parseConfig(text, { file: 'c.yaml' }).errors ?? []).map(formatProblem)
}

const pool = `pools:
  - name: a
    provider: fake
    instance_type: x
`

describe('errors', () => {
  it('come all at once, in the order of the file, each with its place and what is allowed', () => {
    const text = `server:
  heartbeat_interval: 30
  addres: 0.0.0.0:50051
pools:
  - name: a b
    provider: fake
    instance_type: x
    scaling:
      max_nodes: "4"
      autoscaler:
        type: queu
    helth:
      auto_replace: true
  - provider: fake
    instance_type: x
    max_nodes: 1
`
    expect(errorsOf(text)).toEqual([
      'c.yaml:2:23: server.heartbeat_interval: must be a duration such as "30s", "10m" or "1h30m", at least 100ms, not 30',
      'c.yaml:3:3: server.addres: unknown key; did you mean "address"?',
      'c.yaml:5:11: pools[0].name: must be letters, digits, ".", "_" and "-", starting with a letter or digit, at most 63 characters, not "a b"',
      'c.yaml:9:18: pools[0].scaling.max_nodes: must be a whole number of at least 1, not "4"',
      'c.yaml:11:15: pools[0].scaling.autoscaler.type: must be one of queue, reactive, slurm, composite, scheduled, predictive, not "queu"; did you mean "queue"?',
      'c.yaml:12:5: pools[0].helth: unknown key; did you mean "health"?',
      'c.yaml:14:5: pools[1].name: is missing: letters, digits, ".", "_" and "-", starting with a letter or digit, at most 63 characters',
    ])
  })

  it.each([
    [
      'min above max',
      `${pool}    scaling: { min_nodes: 5, max_nodes: 4 }`,
      '5:27: pools[0].scaling.min_nodes: must be at most max_nodes (4), not 5',
    ],
    ['no max', `${pool}    min_nodes: 5`, '2:5: pools[0].max_nodes: is missing: a whole number of at least 1'],
    [
      'a negative threshold',
      `${pool}    max_nodes: 1\n    health: { unhealthy_threshold: -1 }`,
      '6:36: pools[0].health.unhealthy_threshold: must be a whole number of at least 0, not -1',
    ],
    [
      'a fraction of a node',
      `${pool}    max_nodes: 1.5`,
      '5:16: pools[0].max_nodes: must be a whole number of at least 1, not 1.5',
    ],
    [
      'the same pool twice',
      `${pool}    max_nodes: 1\n  - { name: a, provider: fake, instance_type: x, max_nodes: 1 }`,
      '6:13: pools[1].name: "a" is the name of another pool, on line 2: names are unique',
    ],
    [
      'a name that is not its key',
      'pools: { a: { name: b, provider: fake, instance_type: x, max_nodes: 1 } }',
      `1:21: pools.a.name: must be the pool's key on line 1, or left out, not "b"`,
    ],
    [
      'a duplicate key',
      `${pool}    max_nodes: 1\n    provider: lambda`,
      '6:5: duplicate key "provider", given first on line 3',
    ],
    [
      'YAML that is not',
      'server: [',
      '1:10: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['an alias without an anchor', 'server: *x', '1:9: *x has no anchor'],
    ['an alias inside itself', 'pools: &a { b: *a }', '1:16: *a is inside its own anchor'],
    [
      'a merge of no mapping',
      'server: { <<: [[a]] }',
      '1:16: "<<" must be given a mapping, such as an alias of one, or a list of them',
    ],
    ['an unknown tag', 'server: !x {}', '1:9: not valid YAML: Unresolved tag: !x'],
    ['a list for a mapping', 'server: [a]', '1:9: server: must be a mapping, not a list'],
    ['no mapping at all', 'hello', '1:1: must be a mapping, not "hello"'],
    [
      'no provider',
      'pools: { a: { instance_type: x, max_nodes: 1 } }',
      '1:13: pools.a.provider: is missing: the name of a provider',
    ],
    [
      'two ways to name providers',
      'pools: { a: { provider: fake, providers: [{ name: lambda }], instance_type: x, max_nodes: 1 } }',
      '1:42: pools.a.providers: excludes provider on line 1: keep one',
    ],
    [
      'no instance type',
      'pools: { a: { provider: fake, max_nodes: 1 } }',
      '1:13: pools.a.instance_type: is missing: fake needs to know which machines',
    ],
    [
      'a provider of unknown type',
      'providers: { cloud: { region: x } }',
      '1:21: providers.cloud.type: is missing: one of lambda, gcp, aws, coreweave, fake, static, lab',
    ],
    [
      'a key of another type',
      'providers: { fake: { api_key_env: X } }',
      '1:22: providers.fake.api_key_env: unknown key of type fake; allowed: type, image, gpu_count',
    ],
    [
      'an undeclared provider',
      'pools: { a: { provider: lamda, instance_type: x, max_nodes: 1 } }',
      '1:25: pools.a.provider: no provider is called "lamda"; did you mean "lambda"? (declared or known: lambda, gcp, aws, coreweave, fake, static, lab)',
    ],
    [
      'an undeclared provider among several',
      'pools: { a: { providers: [{ name: fake }, { name: cloud }], instance_type: x, max_nodes: 1 } }',
      '1:51: pools.a.providers[1].name: no provider is called "cloud" (declared or known: lambda, gcp, aws, coreweave, fake, static, lab)',
    ],
    [
      'static without hosts',
      'pools: { a: { provider: static, max_nodes: 1 } }',
      '1:25: pools.a.provider: static has no machines of its own: list them in providers.static.hosts',
    ],
    [
      'a host listed twice',
      'providers: { static: { hosts: [10.0.0.1, 10.0.0.1] } }',
      '1:42: providers.static.hosts[1].address: "10.0.0.1" is listed already on line 1',
    ],
    [
      'thresholds the wrong way round',
      `${pool}    max_nodes: 1\n    autoscaling: { type: reactive, scale_up_at: 10 }`,
      '6:49: pools[0].autoscaling.scale_up_at: scale_down_threshold (20) must be less than scale_up_threshold (10)',
    ],
    [
      'an empty composite',
      `${pool}    max_nodes: 1\n    autoscaling: { type: composite, autoscalers: [] }`,
      '6:50: pools[0].autoscaling.autoscalers: must have at least one autoscaler',
    ],
    [
      'setup_commands and no bootstrap',
      `${pool}    max_nodes: 1\n    setup_commands: [date]\n    bootstrap: none`,
      '7:16: pools[0].bootstrap: excludes setup_commands on line 6: keep one',
    ],
    [
      'an address that no node can reach',
      'server: { external_address: "http://0.0.0.0:50051" }',
      '1:29: server.external_address: 0.0.0.0 is no address that a node can reach: give a name or address of this machine',
    ],
    [
      'a timeout within the interval',
      'server: { heartbeat_timeout: 20s }',
      '1:30: server.heartbeat_timeout: must be longer than heartbeat_interval (30s)',
    ],
    [
      'rest without an address',
      'slurm: { driver: rest }',
      '1:18: slurm.driver: rest needs slurm.rest_url, the address of slurmrestd',
    ],
    [
      'a window past midnight',
      `${pool}    max_nodes: 1\n    autoscaling: { type: scheduled, schedule: [{ start: 20, end: 8 }] }`,
      '6:66: pools[0].autoscaling.schedule[0].end: must be later than start_hour (20); a window ends by midnight',
    ],
    [
      'a home folder that is not known',
      'slurm: { conf: ~/slurm.conf }',
      '1:16: slurm.conf: "~" needs a home folder and HOME is not set: write the whole path',
    ],
  ])('names %s', (_, text, expected) => {
    expect(errorsOf(text)).toContain(`c.yaml:${expected}`)
  })

  it('names both places where the dialects contradict each other', () => {
    const text = `${pool}    min_nodes: 1
    max_nodes: 4
    scaling:
      min_nodes: 2
      autoscaler: { type: queue }
    autoscaling: { type: slurm }
    health: { unhealthy_after: 1, unhealthy_threshold: 2 }
`
    expect(errorsOf(text)).toEqual([
      'c.yaml:8:18: pools[0].scaling.min_nodes: 2 conflicts with 1 of pools[0].min_nodes on line 5: they are one setting, keep one',
      'c.yaml:10:18: pools[0].autoscaling: conflicts with pools[0].scaling.autoscaler on line 9: they are one setting, keep one',
      'c.yaml:11:56: pools[0].health.unhealthy_threshold: 2 conflicts with 1 of pools[0].health.unhealthy_after on line 11: they are one setting, keep one',
    ])
  })

  it('in one pool do not hide one another', () => {
    const text =
      'pools: { a: { provider: lamda, min_nodes: 2, max_nodes: 1, bootstrap: none, setup_commands: [date] } }'
    const keys = (parseConfig(text, { file: 'c' }).errors ?? []).map((error) => error.key)
    expect(keys).toEqual(['pools.a.provider', 'pools.a.min_nodes', 'pools.a.bootstrap'])
  })

  it('do not follow from one another: a refused value is not missing too', () => {
    expect(errorsOf(`${pool}    max_nodes: four`)).toEqual([
      'c.yaml:5:16: pools[0].max_nodes: must be a whole number of at least 1, not "four"',
    ])
  })

  it('do not show what may be a secret', () => {
    const text = `providers: { lambda: { api_key_env: "secret.key" } }
slurm: { rest_url: "user:hunter2@host" }`
    const errors = errorsOf(text)
    expect(errors).toHaveLength(2)
    expect(errors.join()).not.toMatch(/secret\.key|hunter2/)
  })

  it('point into a setup command at a template variable that does not exist', () => {
    const text = `${pool}    max_nodes: 1
    setup_commands:
      - echo {{.NodeID}} {{ .Pool }} {{/* why */}} {{"{{"}}
      - |
        cat << EOF
        node {{.NodeID}} of {{.NodeName}}
        EOF
      - "quoted\\n {{.Region"
      - echo {{.Region}}
`
    expect(errorsOf(text)).toEqual([
      expect.stringMatching(
        /^c\.yaml:10:29: pools\[0\]\.setup_commands\[1\]: \{\{\.NodeName\}\} is not a template variable: one of \{\{\.ControlPlane\}\}, /,
      ),
      'c.yaml:12:19: pools[0].setup_commands[2]: {{ is never closed',
    ])
  })

  it('say that a pool whose commands use the region must have one', () => {
    expect(errorsOf(`${pool}    max_nodes: 1\n    setup_commands: ["echo {{.Region}}"]`)).toEqual([
      'c.yaml:6:21: pools[0].setup_commands: {{.Region}} has no value: the pool needs a region',
    ])
  })
})

describe('hostile files', () => {
  const size = 200_000
  it.each([
    ['nested lists', '['.repeat(size)],
    ['nested mappings', 'a: {'.repeat(size / 4)],
    ['nested autoscalers', `${pool}    autoscaling: ${'{type: scheduled, fallback: '.repeat(500)}`],
    ['one key many times', 'server:\n'.repeat(size / 8)],
    ['many keys', Array.from({ length: size / 8 }, (_, i) => `k${i}:`).join('\n')],
    ['a file that is too long', '#'.repeat(2_000_000)],
    ['aliases of aliases', bomb()],
    ['merges of merges', `a: &a {${'k: 1, '.repeat(9)}}\nb: {${'<<: *a, '.repeat(size / 8)}}`],
  ])('are refused: %s', (_, text) => {
    const errors = errorsOf(text)
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toMatch(/^c\.yaml:\d+:\d+: /)
  })

  it('do not reach the prototype of anything', () => {
    const text = 'providers: { constructor: {} }\npools: { __proto__: { provider: fake } }\ntoString: 1\n'
    const keys = (parseConfig(text, { file: 'c' }).errors ?? []).map((error) => error.key)
    expect(keys).toEqual(['providers.constructor.type', 'pools.__proto__', 'toString'])
  })
})

/** Seven levels of twenty aliases each: 20^6 values, were they written out. */
function bomb(): string {
  let text = `pools:\n  p:\n    provider: fake\n    autoscaling: &x0 { type: slurm }\n`
  for (let level = 1; level <= 6; level++) {
    const parts = Array(20)
      .fill(`*x${level - 1}`)
      .join(', ')
    text += `  p${level}: { autoscaling: &x${level} { type: composite, autoscalers: [${parts}] } }\n`
  }
  return text
}
