import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { explainConfig } from './explain-config.ts'

function explain(text: string): Map<string, string> {
  const explained = explainConfig(text, { file: 'c.yaml', home: '/home/op' })
  if (explained.errors) throw new Error(explained.errors[0]?.message)
  return new Map(explained.settings.map(({ key, value, source }) => [key, `${value} <- ${source}`]))
}

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}.yaml`, import.meta.url), 'utf8')
}

describe('explaining a configuration', () => {
  it('tells each value and where it comes from', () => {
    const values = explain(fixture('configuration'))
    expect(values.get('server.heartbeat_interval')).toBe('30s <- c.yaml:4')
    expect(values.get('server.heartbeat_timeout')).toBe('1m30s <- default: 3 x heartbeat_interval')
    expect(values.get('providers.lambda.type')).toBe("lambda <- implied by the provider's name")
    expect(values.get('pools.gpu-partition.scaling.cooldown_period')).toBe('10m <- c.yaml:21')
    expect(values.get('pools.gpu-partition.scaling.autoscaler.jobs_per_node')).toBe('1 <- c.yaml:25')
    expect(values.get('pools.gpu-partition.ssh_user')).toBe('ubuntu <- default')
    expect(values.get('slurm.poll_interval')).toBe('15s <- default')
  })

  it("names both dialects' keys alike, and follows defaults of the file to their line", () => {
    const values = explain(fixture('map-dialect'))
    expect(values.get('pools.training.scaling.max_nodes')).toBe('20 <- c.yaml:35')
    expect(values.get('pools.training.health.unhealthy_threshold')).toBe('3 <- c.yaml:25')
    expect(values.get('pools.training.ssh_private_key_path')).toBe('/home/op/.ssh/navarch <- c.yaml:23')
  })

  it('tells which pool implied a provider', () => {
    expect(explain(fixture('composite')).get('providers.lambda.type')).toBe('lambda <- implied by c.yaml:3')
  })

  it('tells that an image comes from the provider', () => {
    expect(explain(fixture('machines')).get('pools.racks.image')).toBe("installed <- default: the provider's")
  })

  it('has each key once', () => {
    const explained = explainConfig(fixture('map-dialect'), { file: 'c.yaml', home: '/' })
    if (explained.errors) throw new Error('refused')
    const keys = explained.settings.map((setting) => setting.key)
    expect(keys.length).toBeGreaterThan(50)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('shows no secrets', () => {
    const values = [...explain(fixture('list-dialect')).values(), ...explain(fixture('machines')).values()]
    expect(values).toContain('(redacted) <- c.yaml:13')
    expect(values).toContain('http://(redacted)@localhost:6820 <- c.yaml:32')
    expect(values.join()).not.toMatch(/secret/)
  })

  it('gives the errors of a file that is refused', () => {
    expect(explainConfig('serve:', { file: 'c.yaml' }).errors).toHaveLength(1)
  })
})
