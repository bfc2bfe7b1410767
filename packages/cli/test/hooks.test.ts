import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

const original = 'ClusterName=x\nSlurmctldHost=head\nProlog=/opt/site/prolog\n'
let root: string
const conf = () => readFile(join(root, 'etc/slurm/slurm.conf'), 'utf8')
const hooks = (...args: string[]) => runCli(['hooks', ...args, '--root', root])

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'navarch-cli-hooks-'))
  await mkdir(join(root, 'etc/slurm'), { recursive: true })
  await writeFile(join(root, 'etc/slurm/slurm.conf'), original)
})
afterEach(() => rm(root, { recursive: true }))

describe('navarch hooks', () => {
  it('install --dry-run prints what would change, and changes nothing', async () => {
    const { code, stdout, stderr } = await hooks('install', '--dry-run')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('create /etc/slurm/prolog.d/50-observability.sh (mode 0755,')
    expect(stdout).toContain('-Prolog=/opt/site/prolog\n+Prolog=/etc/slurm/navarch-prolog.sh\n')
    expect(stdout).toContain('Nothing was changed: this was a dry run.\n')
    expect(await readdir(join(root, 'etc/slurm'))).toEqual(['slurm.conf'])
  })

  it.each(['foo', 'ftp://a', 'http://', 'http://a b', 'http://a\nX=1', 'http://a"'])(
    'install refuses %j as the address of the service, and changes nothing',
    async (address) => {
      const { code, stdout, stderr } = await hooks('install', '--service', address)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(`--service ${JSON.stringify(address)} is no address of the service\n`)
      expect(await readdir(root)).toEqual(['etc'])
      expect(await readdir(join(root, 'etc'))).toEqual(['slurm'])
    },
  )

  it('install writes the address of the service', async () => {
    await hooks('install', '--service', 'http://[::1]:8080/')
    expect(await readFile(join(root, 'etc/navarch/hooks.env'), 'utf8')).toBe('OBSERVABILITY_URL=http://[::1]:8080/\n')
  })

  it('install and remove, with what to run next', async () => {
    const installed = await hooks('install')
    expect(installed).toMatchObject({ code: 0, stdout: expect.stringContaining('then once: scontrol reconfigure\n') })
    expect(await conf()).toContain('Prolog=/etc/slurm/navarch-prolog.sh\n')
    expect((await hooks('install')).stdout).toMatch(
      /^The hooks are installed already \(\/etc\/slurm\/slurm\.conf\)\.\n/,
    )
    expect(await hooks('remove')).toMatchObject({ code: 0, stderr: '' })
    expect(await conf()).toBe(original)
    expect((await hooks('remove')).stdout).toBe('No hooks were installed by navarch hooks install here.\n')
  })

  it('print JSON', async () => {
    const { stdout } = await hooks('install', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      slurm_conf: '/etc/slurm/slurm.conf',
      dry_run: false,
      changes: expect.arrayContaining([{ path: '/etc/slurm/slurm.conf', action: 'change', diff: expect.any(String) }]),
      next: expect.any(Array),
    })
    expect(JSON.parse((await hooks('remove', '-o', 'json')).stdout)).toMatchObject({ kept: [], problems: [] })
  })

  it('refuse what cannot be changed safely: 1, with file, line, value and remedy', async () => {
    await writeFile(join(root, 'etc/slurm/slurm.conf'), `${original}Epilog=epilog.sh\n`)
    const { code, stdout, stderr } = await hooks('install')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('/etc/slurm/slurm.conf line 4: Epilog=epilog.sh is no absolute path\n')
    expect(stderr).toContain('write its absolute path on every node')
  })

  it('remove tells what was changed since and stays: 1', async () => {
    await hooks('install')
    await writeFile(join(root, 'etc/slurm/epilog.d/50-observability.sh'), '#!/bin/sh\n')
    const { code, stdout } = await hooks('remove')
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('left as it is: /etc/slurm/epilog.d/50-observability.sh: it was changed since\n'),
    ])
  })

  it('status shows each check with its remedy, and answers 1 when something is broken', async () => {
    const { code, stdout } = await hooks('status')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^STATE +CHECK +FOUND\n/)
    expect(stdout).toMatch(/^ok +slurm\.conf +\/etc\/slurm\/slurm\.conf$/m)
    expect(stdout).toMatch(/^unknown +image +not looked at/m)
    expect(stdout).toMatch(/^ {2}TaskPlugin: Set TaskPlugin=task\/cgroup/m)
    const { ok, findings } = JSON.parse((await hooks('status', '-o', 'json')).stdout)
    expect(ok).toBe(false)
    expect(findings[0]).toEqual({ check: 'slurm.conf', state: 'ok', text: '/etc/slurm/slurm.conf' })
  })

  it('are removed and installed by root alone', async () => {
    const { code, stderr } = await runCli(['hooks', 'install', '--conf', '/absent/slurm.conf'])
    expect(code).toBe(1)
    expect(stderr).toContain(process.geteuid?.() === 0 ? '/absent/slurm.conf: there is no such file' : 'by root')
  })
})
