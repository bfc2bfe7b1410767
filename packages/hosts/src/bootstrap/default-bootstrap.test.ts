import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agentConfig } from './agent-steps.ts'
import { defaultBootstrapSteps } from './default-bootstrap.ts'
import { type NodeSetup, NodeSetupError, type SlurmSetup } from './node-setup.ts'
import { slurmdOptions, startSlurmdSteps } from './slurm-steps.ts'

const slurm: SlurmSetup = {
  mungeKey: new Uint8Array(1024),
  config: { kind: 'configless', servers: ['ctl-a:6817', 'ctl-b:6817'] },
  naming: 'future',
}
const bare: NodeSetup = {
  node: 'gpu-node-001',
  pool: 'gpu',
  provider: 'lambda',
  region: 'us-west-2',
  zone: '',
  instanceType: 'gpu_8x_h100_sxm5',
  server: 'http://10.0.0.1:50051',
  address: '10.0.0.7',
  authToken: 't0ken',
}
const setup: NodeSetup = { ...bare, slurm }

describe('defaultBootstrapSteps', () => {
  const variants: [string, NodeSetup][] = [
    ['configless', setup],
    [
      'files',
      { ...setup, slurm: { ...slurm, config: { kind: 'files', files: [{ name: 'slurm.conf', content: 'x' }] } } },
    ],
    ['image', { ...setup, slurm: { config: { kind: 'image' }, naming: 'static' } }],
    ['no Slurm', bare],
  ]
  it.each(variants)('has only scripts that sh and bash can read (%s)', (_, variant) => {
    for (const step of [...defaultBootstrapSteps(variant), ...startSlurmdSteps(variant)]) {
      if (step.kind !== 'run') continue
      for (const shell of ['sh', 'bash']) {
        expect(spawnSync(shell, ['-n'], { input: step.script, encoding: 'utf8' }), step.name).toMatchObject({
          status: 0,
          stderr: '',
        })
      }
    }
  })

  it('never starts slurmd: that is a step of its own', () => {
    const scripts = defaultBootstrapSteps(setup).map((step) => (step.kind === 'run' ? step.script : ''))
    expect(scripts.filter((script) => /systemctl (re)?start slurmd/.test(script))).toEqual([])
    expect(startSlurmdSteps(setup)).toMatchObject([{ name: 'start slurmd' }])
  })

  it('puts no secret into a script, and secrets into files that only their owner reads', () => {
    const key = new TextEncoder().encode('raw-munge-key')
    const steps = defaultBootstrapSteps({ ...setup, slurm: { ...slurm, mungeKey: key } })
    for (const step of steps) {
      if (step.kind === 'run') expect(step.script).not.toMatch(/t0ken|raw-munge-key/)
      else if (step.content === key) expect(step).toMatchObject({ mode: 0o400, owner: 'munge:munge' })
      else if (String(step.content).includes('t0ken')) expect(step).toMatchObject({ mode: 0o600 })
    }
  })

  it('touches nothing of Slurm on a machine that joins no cluster', () => {
    const touching = /munge\.key|etc\/slurm|(start|enable|stop) (slurmd|munge)|in munge slurmd/
    expect(defaultBootstrapSteps(bare).filter((step) => touching.test(JSON.stringify(step)))).toEqual([])
    expect(defaultBootstrapSteps(setup).filter((step) => touching.test(JSON.stringify(step)))).not.toEqual([])
    expect(startSlurmdSteps(bare)).toEqual([])
  })

  it('refuses whatever a shell, a unit file or slurmd could misread', () => {
    const nasty = fc.stringMatching(/^[a-z]{0,3}['"`$\\;&|<>\n\t{}*?!#~]+[a-z]{0,3}$/)
    fc.assert(
      fc.property(nasty, (text) => {
        for (const bad of [
          { ...setup, node: text },
          { ...setup, server: `http://${text}` },
          { ...setup, address: text },
          { ...setup, slurm: { ...slurm, naming: 'dynamic' as const, dynamicConf: text } },
          { ...setup, slurm: { ...slurm, config: { kind: 'configless' as const, servers: [text] } } },
        ]) {
          expect(() => defaultBootstrapSteps(bad)).toThrow(NodeSetupError)
        }
      }),
    )
  })
})

describe('slurmdOptions', () => {
  it('names the node and where its configuration is', () => {
    expect(slurmdOptions('n1', slurm)).toBe('-N n1 --conf-server ctl-a:6817,ctl-b:6817')
    expect(slurmdOptions('n1', { ...slurm, config: { kind: 'files', files: [] } })).toBe('-N n1')
  })

  it('registers a dynamic node with its shape', () => {
    expect(slurmdOptions('n1', { ...slurm, naming: 'dynamic', dynamicConf: 'Gres=gpu:8 Feature=h100' })).toBe(
      '-Z --conf "Gres=gpu:8 Feature=h100" -N n1 --conf-server ctl-a:6817,ctl-b:6817',
    )
  })
})

describe('agentConfig', () => {
  it('leaves out what is unknown', () => {
    expect(agentConfig(setup).split('\n')).toEqual([
      'server: "http://10.0.0.1:50051"',
      'node_id: "gpu-node-001"',
      'pool: "gpu"',
      'provider: "lambda"',
      'region: "us-west-2"',
      'instance_type: "gpu_8x_h100_sxm5"',
      'auth_token: "t0ken"',
      '',
    ])
  })
})
