import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileContent } from './file-change.ts'
import { hookScripts } from './hook-scripts.generated.ts'
import { HooksError } from './hooks-error.ts'
import { type InstallPlan, planInstall, type Site } from './plan-install.ts'

const main = '/etc/slurm/slurm.conf'
const owner = { uid: 0, gid: 0 }
const content = (text: string, mode = 0o755): FileContent => ({ text, mode, ...owner })
const base = 'ClusterName=x\nSlurmctldHost=head\n'

function siteOf(text: string, more: Partial<Site> & { texts?: Record<string, string> } = {}): Site {
  const { texts = {}, ...rest } = more
  const files = Object.entries(texts).map(([path, body]) => [path, content(body)] as const)
  return {
    conf: new Map([[main, text]]),
    folder: '/etc/slurm',
    copy: false,
    files: new Map([[main, content(text, 0o644)], ...files]),
    folders: new Map(),
    owner,
    ...rest,
  }
}
const confAfter = ({ changes }: InstallPlan) => changes.find(({ path }) => path === main)?.after?.text
const textAfter = ({ changes }: InstallPlan, path: string) => changes.find((one) => one.path === path)?.after?.text

/** The site with the plan carried out. */
function after(site: Site, { changes, folders }: InstallPlan): Site {
  const files = new Map(site.files)
  for (const { path, after } of changes) after ? files.set(path, after) : files.delete(path)
  const names = [...files.keys()].map(
    (path) => [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)] as const,
  )
  const all = new Map([...site.folders, ...folders.map(({ path }) => [path, []] as const)])
  for (const [folder, name] of names) all.set(folder, [...new Set([...(all.get(folder) ?? []), name])])
  return {
    ...site,
    files,
    folders: all,
    conf: new Map([...site.conf.keys()].map((path) => [path, files.get(path)?.text ?? ''])),
  }
}

describe('where a site has no hooks', () => {
  const plan = planInstall(siteOf(base))

  it('slurmd gets a pattern, slurmctld one program, and prologs run at allocation', () => {
    expect(confAfter(plan)).toBe(`${base}# Navarch's job hooks: navarch hooks remove takes them out
Prolog=/etc/slurm/prolog.d/*
Epilog=/etc/slurm/epilog.d/*
PrologSlurmctld=/etc/slurm/prolog.slurmctld.d/50-observability.sh
EpilogSlurmctld=/etc/slurm/epilog.slurmctld.d/50-observability.sh
PrologFlags=Alloc
`)
  })

  it('the programs come before the configuration that names them', () => {
    expect(plan.changes.map(({ path }) => path)).toEqual([
      '/etc/slurm/prolog.d/50-observability.sh',
      '/etc/slurm/epilog.d/50-observability.sh',
      '/etc/slurm/prolog.slurmctld.d/50-observability.sh',
      '/etc/slurm/epilog.slurmctld.d/50-observability.sh',
      main,
    ])
    expect(textAfter(plan, '/etc/slurm/prolog.d/50-observability.sh')).toBe(hookScripts.prolog)
  })

  it('nothing that lies in a folder begins to run', () => {
    const site = siteOf(base, { folders: new Map([['/etc/slurm/prolog.d', ['old.sh']]]) })
    expect(confAfter(planInstall(site))).toContain('\nProlog=/etc/slurm/prolog.d/50-observability.sh\n')
  })

  it('slurmctld’s hooks get a folder for what they cannot send', () => {
    const slurmUser = { name: 'slurm', uid: 64, gid: 65 }
    expect(planInstall(siteOf(base, { slurmUser })).folders).toEqual([
      { path: '/var/spool/navarch-hooks-slurmctld', mode: 0o700, uid: 64, gid: 65 },
    ])
  })
})

describe('a site’s own hook goes on running', () => {
  it('a pattern gets our script into its folder, and stays', () => {
    const plan = planInstall(siteOf(`${base}Prolog=/opt/hooks/*.sh\n`))
    expect(confAfter(plan)).toContain('\nProlog=/opt/hooks/*.sh\n')
    expect(textAfter(plan, '/opt/hooks/50-observability.sh')).toBe(hookScripts.prolog)
  })

  it('one program is run by ours, first, and tells how it ends', () => {
    const plan = planInstall(siteOf(`${base}Prolog=/opt/prolog # since 2019\nEpilogSlurmctld="/opt/ec"\n`))
    expect(confAfter(plan)).toContain('\nProlog=/etc/slurm/navarch-prolog.sh # since 2019\n')
    expect(confAfter(plan)).toContain('\nEpilogSlurmctld=/etc/slurm/navarch-epilog.slurmctld.sh\n')
    const dispatcher = textAfter(plan, '/etc/slurm/navarch-prolog.sh') ?? ''
    expect(dispatcher.indexOf("'/opt/prolog'")).toBeLessThan(dispatcher.indexOf('50-observability.sh'))
  })

  it('the pattern that the guide gives to slurmctld, which takes none, is run by ours', () => {
    const plan = planInstall(siteOf(`${base}PrologSlurmctld=/etc/slurm/prolog.slurmctld.d/*\n`))
    expect(confAfter(plan)).toContain('\nPrologSlurmctld=/etc/slurm/navarch-prolog.slurmctld.sh\n')
    expect(textAfter(plan, '/etc/slurm/navarch-prolog.slurmctld.sh')).toContain(
      'for program in /etc/slurm/prolog.slurmctld.d/*; do',
    )
  })

  it.each([
    ['Alloc', 'Alloc'],
    ['X11', 'X11'],
    ['contain', 'contain'],
    ['Serial', 'Serial,Alloc'],
  ])('PrologFlags=%s becomes %s', (flags, wanted) => {
    expect(confAfter(planInstall(siteOf(`${base}PrologFlags=${flags}\n`)))).toContain(`\nPrologFlags=${wanted}\n`)
  })
})

describe('what cannot be changed safely is refused, and nothing is changed', () => {
  it.each([
    ['Prolog=/a\nProlog=/b\n', `${main} line 3 and ${main} line 4 both set Prolog`],
    ['Prolog=prolog.sh\n', `${main} line 3: Prolog=prolog.sh is no absolute path`],
    ['Epilog=/opt/*/epilog\n', `${main} line 3: 50-observability.sh does not match Epilog=/opt/*/epilog`],
    ['Epilog=/opt/x/*.py\n', `${main} line 3: 50-observability.sh does not match Epilog=/opt/x/*.py`],
    ['Prolog="/opt/my prolog"\n', `${main} line 3: Prolog="/opt/my prolog" has characters`],
    ['Prolog=/etc/slurm/navarch-prolog.sh\n', `${main} line 3: Prolog=/etc/slurm/navarch-prolog.sh is not what`],
    ['Prolog=/opt/x/*\nEpilog=/opt/x/*\n', `${main} line 3 and ${main} line 4: Prolog and Epilog both run /opt/x/*`],
    ['what is this\n', `${main}: line 3: not "Key=value"`],
  ])('%j', (lines, message) => {
    expect(() => planInstall(siteOf(base + lines))).toThrow(message)
    expect(() => planInstall(siteOf(base + lines))).toThrow(HooksError)
  })

  it('a program of somebody else under our name', () => {
    const path = '/etc/slurm/prolog.d/50-observability.sh'
    expect(() => planInstall(siteOf(base, { texts: { [path]: '#!/bin/sh\necho mine\n' } }))).toThrow(
      `${path} exists, and is not Navarch's`,
    )
  })
})

it('a node whose configuration slurmctld sends gets the programs alone', () => {
  const plan = planInstall(siteOf(`${base}Prolog=/etc/slurm/prolog.d/*\n`, { copy: true }))
  expect(plan.changes.map(({ path }) => path)).not.toContain(main)
  expect(plan.changes).toHaveLength(4)
})

it('the address of the service is written, and other settings stay', () => {
  const wish = { serviceUrl: 'http://obs:8080' }
  const path = '/etc/navarch/hooks.env'
  expect(textAfter(planInstall(siteOf(base), wish), path)).toBe('OBSERVABILITY_URL=http://obs:8080\n')
  const texts = { [path]: '# x\nOBSERVABILITY_URL=http://old\nOBSERVABILITY_TOKEN=t\n' }
  expect(textAfter(planInstall(siteOf(base, { texts }), wish), path)).toBe(
    '# x\nOBSERVABILITY_URL=http://obs:8080\nOBSERVABILITY_TOKEN=t\n',
  )
})

it('an installed hook of an earlier version is renewed', () => {
  const path = '/etc/slurm/prolog.d/50-observability.sh'
  const plan = planInstall(siteOf(base, { texts: { [path]: '#!/bin/sh\n# Navarch, Prolog: earlier\n' } }))
  expect(textAfter(plan, path)).toBe(hookScripts.prolog)
})

it('a second installation changes nothing, whatever the first one found', () => {
  const value = (name: string) =>
    fc.constantFrom('', `/opt/${name}`, `/opt/${name}/*`, `/opt/${name}/50-observability.sh`)
  fc.assert(
    fc.property(
      value('a'),
      value('b'),
      value('c'),
      fc.constantFrom('', 'Serial', 'Alloc'),
      (prolog, epilog, controller, flags) => {
        const lines = { Prolog: prolog, Epilog: epilog, PrologSlurmctld: controller, PrologFlags: flags }
        const set = Object.entries(lines).flatMap(([key, text]) => (text === '' ? [] : [`${key}=${text}\n`]))
        const site = siteOf(base + set.join(''), { slurmUser: { name: 'slurm', uid: 1, gid: 1 } })
        const wish = { serviceUrl: 'http://obs:8080' }
        const installed = after(site, planInstall(site, wish))
        expect(planInstall(installed, wish)).toEqual({ changes: [], folders: [] })
      },
    ),
  )
})
