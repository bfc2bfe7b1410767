import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrap } from '@navarch/hosts/bootstrap/bootstrap'
import { type BootstrapStep, commandSteps } from '@navarch/hosts/bootstrap/bootstrap-step'
import { defaultBootstrapSteps } from '@navarch/hosts/bootstrap/default-bootstrap'
import type { NodeSetup, SlurmSetup } from '@navarch/hosts/bootstrap/node-setup'
import { startSlurmdSteps } from '@navarch/hosts/bootstrap/slurm-steps'
import { openKnownHosts } from '@navarch/hosts/known-hosts'
import { connectSsh, type SshSession } from '@navarch/hosts/ssh'
import { waitForSsh } from '@navarch/hosts/wait-for-ssh'
import { type SlurmCluster, startSlurmCluster } from '@navarch/lab/cluster'
import { createLabContext } from '@navarch/lab/context'
import { destroyLab, openLab } from '@navarch/lab/lab'
import { readRoot, type Suite } from '@navarch/lab/roots'
import { type NodeMode, type NodeShape, nodeParameters, writeCgroupConf, writeGresConf } from '@navarch/lab/slurm-conf'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLabProvider } from '../src/lab/lab-provider.ts'
import type { Machine } from '../src/provider.ts'
import { whyNoLab } from './lab-prerequisites.ts'
import { launchRequest, untilDone } from './launch-request.ts'

const context = createLabContext({ run: runCommand, clock: systemClock })
const nodes: NodeShape = { prefix: 'gpu-node-', count: 4, cpus: 4, memoryMb: 1000, gpus: 2 }

/** How a name comes to be known to Slurm, and how its configuration comes to the host. */
const cases: [Suite, NodeMode, 'configless' | 'files'][] = [
  ['bookworm', 'future', 'configless'],
  ['trixie', 'static', 'files'],
  ['forky', 'dynamic', 'configless'],
]

for (const [suite, mode, source] of cases) {
  const missing = await whyNoLab(suite)
  describe.skipIf(missing)(
    `bootstrap on ${suite}, ${mode} and ${source}${missing ? ` (skipped: ${missing})` : ''}`,
    () => {
      const labName = `boot-${suite}`
      const node = 'gpu-node-001'
      let dir: string
      let cluster: SlurmCluster
      let machine: Machine
      let server: Server
      let serverUrl: string
      let session: SshSession

      beforeAll(async () => {
        await destroyLab(context, labName)
        dir = mkdtempSync(join(tmpdir(), 'navarch-bootstrap-'))
        const key = join(dir, 'key')
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
        const lab = await openLab(context, labName)
        const root = await readRoot('/var/cache/navarch/lab', suite)
        if (!root) throw new Error(`no root of ${suite}`)
        cluster = await startSlurmCluster(context, lab, { root, mode, nodes })
        ;[server, serverUrl] = await serveDownloads(lab.bridgeAddress)

        const provider = createLabProvider({ name: 'lab', lab: labName, suite, gpus: 2, context })
        const request = launchRequest({ node, sshKeys: [`${key}.pub`] })
        machine = await provider.launch(request, untilDone)
        session = await waitForSsh({
          connect: () =>
            connectSsh({
              address: machine.address ?? '',
              port: machine.sshPort ?? 22,
              user: 'ubuntu',
              privateKey: readFileSync(key, 'utf8'),
              identity: `lab/${machine.id}`,
              knownHosts: openKnownHosts(join(dir, 'known-hosts.json')),
              hostKeys: machine.hostKeys ?? [],
              clock: systemClock,
              signal: untilDone,
            }),
          deadlineMs: 60_000,
          clock: systemClock,
          random: Math.random,
          signal: untilDone,
        })
      }, 180_000)

      afterAll(async () => {
        session?.close()
        server?.close()
        await destroyLab(context, labName)
        rmSync(dir, { recursive: true, force: true })
      })

      const run = (steps: BootstrapStep[]) =>
        bootstrap({
          node,
          pool: 'gpu',
          steps,
          session,
          sshWaitMs: 0,
          redact: ['a-secret-token'],
          clock: systemClock,
          signal: untilDone,
        })
      const setup = (): NodeSetup => ({
        node,
        pool: 'gpu',
        provider: 'lab',
        region: '',
        zone: '',
        instanceType: 'lab',
        server: serverUrl,
        address: machine.address ?? '',
        authToken: 'a-secret-token',
        slurm: slurmSetup(cluster, mode, source),
      })
      const onHost = async (script: string) => (await session.run(script, { deadlineMs: 20_000 })).stdout.trim()

      it("runs a configuration's own commands, heredocs and all, as root", async () => {
        const commands = [
          'curl -sSL {{.ControlPlane}}/download/navarch-node-linux-amd64 \\\n  -o /usr/local/bin/navarch-node && chmod +x /usr/local/bin/navarch-node\n',
          'cat > /etc/systemd/system/navarch-node.service << EOF\n[Service]\nExecStart=/usr/local/bin/navarch-node --server {{.ControlPlane}} --node-id {{.NodeID}}\nRestart=always\n[Install]\nWantedBy=multi-user.target\nEOF\n',
          'systemctl daemon-reload && systemctl enable navarch-node && systemctl start navarch-node',
        ]
        const values = {
          ControlPlane: serverUrl,
          NodeID: node,
          Pool: 'gpu',
          Provider: 'lab',
          Region: '',
          InstanceType: '',
        }
        expect(await run(commandSteps(commands, values))).toMatchObject({ error: '', success: true })
        expect(await onHost('systemctl show -p ExecStart navarch-node')).toContain(`--node-id ${node}`)
        expect(await onHost('systemctl is-active navarch-node')).toBe('active')
      })

      it('makes a node of the machine, and does it a second time without harm', async () => {
        for (let times = 0; times < 2; times++) {
          expect(await run(defaultBootstrapSteps(setup()))).toMatchObject({ error: '', success: true })
        }
        expect(await onHost('hostname')).toBe(node)
        expect(await onHost('systemctl is-active navarch-node munge slurmd; true')).toBe('active\nactive\ninactive')
        expect(await onHost('stat -c "%a %U %s" /etc/munge/munge.key /etc/navarch/agent.yaml')).toBe(
          `400 munge ${cluster.mungeKey.length}\n600 root ${await onHost('stat -c %s /etc/navarch/agent.yaml')}`,
        )
        expect(await onHost('grep auth_token /etc/navarch/agent.yaml')).toBe('auth_token: "a-secret-token"')
        expect(await onHost('cat /etc/navarch/client.yaml')).toBe(`server: "${serverUrl}"`)
        expect(await onHost('navarch')).toBe('navarch')
      }, 120_000)

      it('registers with slurmctld once slurmd is started', async () => {
        if (mode !== 'dynamic') {
          const address = `NodeAddr=${machine.address} NodeHostname=${node}`
          const announce = [
            'update',
            `NodeName=${node}`,
            ...address.split(' '),
            'State=DRAIN',
            'Reason=navarch: verifying',
          ]
          expect(await cluster.run('scontrol', announce, { deadlineMs: 15_000 })).toMatchObject({ code: 0 })
        }
        expect(await run(startSlurmdSteps(setup()))).toMatchObject({ error: '', success: true })
        const expected = mode === 'dynamic' ? /State=IDLE\+DYNAMIC_NORM / : /State=IDLE\+DRAIN /
        let shown = ''
        for (let tries = 0; tries < 100 && !expected.test(shown); tries++) {
          await systemClock.sleep(200)
          shown = (await cluster.run('scontrol', ['show', 'node', node], { deadlineMs: 15_000 })).stdout
        }
        expect(shown).toMatch(expected)
        expect(shown).toContain('gpu:h100:2')
      }, 60_000)

      it('says which step failed and why, and shows no secret', async () => {
        const log = await run([
          { kind: 'run', name: 'talk', script: 'cat /etc/navarch/agent.yaml' },
          { kind: 'run', name: 'fail', script: 'echo "no a-secret-token here" >&2; exit 7' },
        ])
        expect(log).toMatchObject({ success: false, error: 'fail: exit status 7: no [redacted] here' })
        expect(JSON.stringify(log)).not.toContain('a-secret-token')
      })
    },
  )
}

function slurmSetup(cluster: SlurmCluster, mode: NodeMode, source: 'configless' | 'files'): SlurmSetup {
  const files = [
    { name: 'slurm.conf', content: cluster.slurmConf },
    { name: 'gres.conf', content: writeGresConf({ mode, nodes }) },
    { name: 'cgroup.conf', content: writeCgroupConf(cluster.version) },
  ]
  return {
    mungeKey: cluster.mungeKey,
    config:
      source === 'files' ? { kind: 'files', files } : { kind: 'configless', servers: [`${cluster.headAddress}:6817`] },
    naming: mode,
    ...(mode === 'dynamic' && { dynamicConf: nodeParameters(nodes) }),
  }
}

/** Programs in place of the agent and the command line, at the control plane's addresses. */
async function serveDownloads(host: string): Promise<[Server, string]> {
  const programs: Record<string, string> = {
    '/download/navarch-node-linux-amd64': '#!/bin/sh\nexec sleep infinity\n',
    '/download/navarch-linux-amd64': '#!/bin/sh\necho navarch\n',
  }
  const server = createServer((request, response) => {
    const program = programs[request.url ?? '']
    response.writeHead(program ? 200 : 404).end(program)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return [server, `http://${host}:${address.port}`]
}
