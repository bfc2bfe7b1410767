import { parseVersion } from '@navarch/slurm/capabilities'
import { describe, expect, it } from 'vitest'
import { type ConfFacts, checkSlurmConf } from './check-slurm-conf.ts'
import type { Finding } from './finding.ts'

const file = (name: string, text: string) => new Map([[`/etc/slurm/${name}`, text]])
const good: ConfFacts = {
  conf: file(
    'slurm.conf',
    'PrologFlags=Alloc\nProctrackType=proctrack/cgroup\nTaskPlugin=task/cgroup\nGresTypes=gpu\n',
  ),
  cgroupConf: file('cgroup.conf', 'CgroupPlugin=cgroup/v2\nConstrainRAMSpace=yes\nConstrainDevices=yes\n'),
  gresConf: file('gres.conf', 'Name=gpu File=/dev/nvidia[0-7]\n'),
  version: parseVersion('slurm 24.11.7'),
  mounts: 'v2',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
  gpus: true,
  node: { gres: 'gpu:h100:8(S:0-1)', reason: '' },
  deviceFiles: new Map([['/dev/nvidia0', true]]),
}
/** The document's own cgroup.conf. */
const documented = `CgroupPlugin=cgroup/v2
ConstrainRAMSpace=yes
ConstrainSwapSpace=yes
AllowedRAMSpace=100
AllowedSwapSpace=0
ConstrainCores=yes
ConstrainDevices=yes
CgroupReleaseAgentDir=/etc/slurm/cgroup
CgroupMountpoint=/sys/fs/cgroup
`
const bad = (facts: Partial<ConfFacts>): Finding[] =>
  checkSlurmConf({ ...good, ...facts }).filter(({ state }) => state !== 'ok')

it('a good configuration is all right', () => {
  expect(bad({})).toEqual([])
})

it('says that there are no GPUs where it looked for them alone', () => {
  const conf = file('slurm.conf', 'PrologFlags=Alloc\n')
  const isolation = (facts: Partial<ConfFacts>) =>
    checkSlurmConf({ ...good, ...facts }).filter(({ check }) => check === 'GPU isolation')
  expect(isolation({ conf, gpus: false })).toMatchObject([{ state: 'ok', text: 'no GPUs here' }])
  expect(isolation({ conf, gpus: undefined })).toEqual([])
  expect(isolation({ gpus: undefined, cgroupConf: undefined })).toMatchObject([{ state: 'warning' }])
})

it('whatever is not all right comes with a remedy', () => {
  const facts = { conf: file('slurm.conf', ''), cgroupConf: undefined, gresConf: undefined, mounts: 'hybrid' as const }
  const found = bad({ ...facts, controllers: undefined })
  expect(found.length).toBeGreaterThan(4)
  for (const { remedy } of found) expect(remedy).toMatch(/\.$/)
})

describe('the cgroup.conf of the guide', () => {
  it.each([
    ['22.05.8', 'slurmd 22.05.8 ends with "Support for CgroupReleaseAgentDir option has been removed"'],
    ['25.05.1', 'slurmd 25.05.1 ends with "Support for CgroupReleaseAgentDir option has been removed"'],
    ['25.11.7', 'Slurm 25.11.7 does not know the key'],
    ['26.05.3', 'Slurm 26.05.3 does not know the key'],
  ])('does not start Slurm %s', (version, text) => {
    const found = bad({ cgroupConf: file('cgroup.conf', documented), version: parseVersion(version) })
    expect(found).toContainEqual({
      check: 'cgroup.conf',
      state: 'broken',
      text: `/etc/slurm/cgroup.conf line 8: CgroupReleaseAgentDir: ${text}`,
      remedy: 'Delete the line.',
    })
    expect(found).toContainEqual(
      expect.objectContaining({ state: 'warning', text: expect.stringContaining('CgroupMountpoint') }),
    )
  })

  it('has no plugin in 21.08', () => {
    const found = bad({ cgroupConf: file('cgroup.conf', documented), version: parseVersion('21.08.8') })
    expect(found.map(({ text }) => text).join('\n')).toContain('line 1: Slurm 21.08.8 has no cgroup/v2')
  })
})

describe('each fault has its state', () => {
  it.each<[string, Partial<ConfFacts>, Pick<Finding, 'check' | 'state'>]>([
    [
      'no PrologFlags',
      { conf: file('slurm.conf', 'TaskPlugin=task/cgroup\nGresTypes=gpu') },
      { check: 'PrologFlags', state: 'warning' },
    ],
    [
      'processes by linuxproc',
      {
        conf: file(
          'slurm.conf',
          'PrologFlags=Contain\nTaskPlugin=task/cgroup\nGresTypes=gpu\nProctrackType=proctrack/linuxproc',
        ),
      },
      { check: 'ProctrackType', state: 'warning' },
    ],
    [
      'no task plugin',
      { conf: file('slurm.conf', 'PrologFlags=X11\nGresTypes=gpu') },
      { check: 'TaskPlugin', state: 'warning' },
    ],
    [
      'GPUs without GresTypes',
      { conf: file('slurm.conf', 'PrologFlags=Alloc\nTaskPlugin=task/cgroup') },
      { check: 'gres.conf', state: 'broken' },
    ],
    [
      'hybrid mounts',
      { mounts: 'hybrid', cgroupConf: file('cgroup.conf', 'ConstrainRAMSpace=yes\nConstrainDevices=yes') },
      { check: 'cgroup hierarchy', state: 'broken' },
    ],
    ['v2 asked for and v1 mounted', { mounts: 'v1' }, { check: 'cgroup hierarchy', state: 'broken' }],
    ['no mount', { mounts: 'none' }, { check: 'cgroup hierarchy', state: 'broken' }],
    ['no memory controller', { controllers: ['cpu', 'cpuset'] }, { check: 'cgroup hierarchy', state: 'warning' }],
    [
      'v2 under 21.08',
      {
        version: parseVersion('21.08.8'),
        cgroupConf: file('cgroup.conf', 'ConstrainRAMSpace=yes\nConstrainDevices=yes'),
      },
      { check: 'cgroup hierarchy', state: 'broken' },
    ],
    [
      'no ConstrainDevices',
      { cgroupConf: file('cgroup.conf', 'ConstrainRAMSpace=yes') },
      { check: 'GPU isolation', state: 'warning' },
    ],
    [
      'no ConstrainRAMSpace',
      { cgroupConf: file('cgroup.conf', 'ConstrainDevices=yes') },
      { check: 'cgroup.conf', state: 'warning' },
    ],
    [
      'a device that is not there',
      { deviceFiles: new Map([['/dev/nvidia9', false]]) },
      { check: 'gres.conf', state: 'broken' },
    ],
    [
      'a node that a prolog drained',
      { node: { gres: 'gpu:8', reason: 'Prolog error [root@2026-11-21T12:19:30]' } },
      { check: 'scontrol show node', state: 'broken' },
    ],
    [
      'GPUs that Slurm does not know',
      { node: { gres: '', reason: '' } },
      { check: 'scontrol show node', state: 'broken' },
    ],
    ['no gres.conf', { gresConf: undefined, deviceFiles: new Map() }, { check: 'gres.conf', state: 'warning' }],
  ])('%s', (_, facts, finding) => {
    expect(bad(facts)).toEqual([expect.objectContaining(finding)])
  })

  it('v1 is deprecated from 25.05 on', () => {
    const cgroupConf = file('cgroup.conf', 'CgroupPlugin=cgroup/v1\nConstrainRAMSpace=yes\nConstrainDevices=yes')
    expect(bad({ mounts: 'v1', cgroupConf })).toEqual([])
    expect(bad({ mounts: 'v1', cgroupConf, version: parseVersion('25.05.0') })).toMatchObject([{ state: 'warning' }])
  })
})
