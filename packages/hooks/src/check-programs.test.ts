import { describe, expect, it } from 'vitest'
import { checkPrograms, describeProgram, type HookProgram, type ProgramFacts } from './check-programs.ts'
import { hookScripts } from './hook-scripts.generated.ts'

const state = { kind: 'file', mode: 0o755, uid: 0, gid: 0, modifiedAt: 0 } as const
const ours: HookProgram = { ...state, ours: true, current: true }
const lines = `Prolog=/etc/slurm/prolog.d/*
Epilog=/etc/slurm/epilog.d/*
PrologSlurmctld=/etc/slurm/pc
EpilogSlurmctld=/etc/slurm/ec
`
const programs = {
  '/etc/slurm/prolog.d/50-observability.sh': ours,
  '/etc/slurm/epilog.d/50-observability.sh': ours,
  '/etc/slurm/pc': ours,
  '/etc/slurm/ec': ours,
}
const running = ['/etc/slurm/prolog.d/*', '/etc/slurm/epilog.d/*', '/etc/slurm/pc', '/etc/slurm/ec']

function check(
  more: Partial<ProgramFacts> & { conf?: never; text?: string; with?: Record<string, HookProgram | undefined> } = {},
) {
  const { text = lines, with: changed = {}, ...facts } = more
  const all = Object.entries({ ...programs, ...changed }).flatMap(([path, program]) =>
    program ? [[path, program] as const] : [],
  )
  return checkPrograms({
    conf: new Map([['/etc/slurm/slurm.conf', text]]),
    programs: new Map(all),
    daemons: { slurmd: true, slurmctld: true },
    running,
    ...facts,
  }).filter((finding) => finding.state !== 'ok')
}
const prolog = '/etc/slurm/prolog.d/50-observability.sh'

describe('hooks that Slurm runs', () => {
  it('are all right when they are there, executable, root’s and ours', () => {
    expect(check()).toEqual([])
  })

  it.each([
    ['not set', { text: lines.replace(/^Prolog=.*\n/, '') }, 'broken', 'Prolog is not set in slurm.conf'],
    ['nothing there', { with: { [prolog]: undefined } }, 'broken', 'every job fails here and the node is drained'],
    [
      'not executable',
      { with: { [prolog]: { ...ours, mode: 0o644 } } },
      'broken',
      `${prolog} is not executable (mode 644)`,
    ],
    ['others may write', { with: { [prolog]: { ...ours, mode: 0o775 } } }, 'broken', 'others than root may change it'],
    ["a user's", { with: { [prolog]: { ...ours, uid: 1000 } } }, 'broken', 'others than root may change it'],
    ["the site's alone", { with: { [prolog]: { ...state, ours: false } } }, 'broken', "does not run Navarch's hook"],
    [
      'of another version',
      { with: { [prolog]: { ...ours, current: false } } },
      'warning',
      'is of another version of navarch',
    ],
    ['twice', { with: { '/etc/slurm/prolog.d/60': ours } }, 'warning', 'more than once'],
    [
      'a folder among them',
      { with: { '/etc/slurm/prolog.d/old': { ...ours, kind: 'folder' as const } } },
      'broken',
      'is no file',
    ],
    [
      'a pattern for slurmctld',
      { text: lines.replace('/etc/slurm/pc', '/etc/slurm/prolog.slurmctld.d/*') },
      'broken',
      'slurmctld starts one program',
    ],
  ])('%s', (_, facts, expected, text) => {
    expect(check(facts)[0]).toMatchObject({
      state: expected,
      text: expect.stringContaining(text),
      remedy: expect.any(String),
    })
  })

  it('are looked at for the daemons of this machine alone', () => {
    expect(check({ text: '', daemons: { slurmd: true, slurmctld: false } }).map(({ check }) => check)).toEqual([
      'Prolog',
      'Epilog',
    ])
    expect(check({ text: '', daemons: { slurmd: false, slurmctld: false } })).toMatchObject([
      { check: 'hooks', state: 'unknown', text: expect.stringContaining('neither slurmd nor slurmctld') },
    ])
  })

  it('run once Slurm has read them', () => {
    expect(check({ running: ['/old'] })).toMatchObject([
      { state: 'warning', remedy: expect.stringContaining('scontrol reconfigure') },
    ])
    expect(check({ running: undefined })).toMatchObject([{ state: 'unknown' }])
  })
})

it('our scripts are known by their text', () => {
  expect(describeProgram(state, hookScripts.prolog, Object.values(hookScripts))).toMatchObject({
    ours: true,
    current: true,
  })
  expect(describeProgram(state, '#!/bin/sh\n# Navarch, old\n', [])).toMatchObject({ ours: true, current: false })
  expect(describeProgram(state, '#!/bin/sh\necho\n', [])).toMatchObject({ ours: false })
})
