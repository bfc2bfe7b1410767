import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cgroupMounts, gresFiles } from '../src/gather-facts.ts'
import { serviceUrl } from '../src/gather-reach.ts'
import { HooksError } from '../src/hooks-error.ts'
import { type HooksContext, installHooks, removeHooks } from '../src/install.ts'
import { createMachine } from '../src/machine.ts'
import { hooksStatus } from '../src/status.ts'
import { startServiceDouble } from './service-double.ts'

const original = 'ClusterName=x\nSlurmctldHost=head\nProlog=/opt/site/prolog\nInclude nodes.conf\n'
let root: string
let context: HooksContext

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'navarch-install-'))
  await mkdir(join(root, 'etc/slurm'), { recursive: true })
  await writeFile(join(root, 'etc/slurm/slurm.conf'), original)
  await writeFile(join(root, 'etc/slurm/nodes.conf'), 'NodeName=n1\nPartitionName=p Nodes=n1\n')
  const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  context = { machine: createMachine(root), run: undefined, owner }
})
afterEach(() => rm(root, { recursive: true }))

const wishes = { agentFolder: '/var/lib/navarch/hooks' }
const conf = () => readFile(join(root, 'etc/slurm/slurm.conf'), 'utf8')
const tree = async () => (await readdir(root, { recursive: true })).sort()

describe('installing on a machine', () => {
  it('and removing leaves every file and folder as it was', async () => {
    const before = await tree()
    const { changes } = await installHooks(context, { ...wishes, serviceUrl: 'http://obs:8080' })
    expect(changes.length).toBeGreaterThan(5)
    const script = await stat(join(root, 'etc/slurm/prolog.d/50-observability.sh'))
    expect(script.mode & 0o777).toBe(0o755)
    expect(await conf()).toContain('Prolog=/etc/slurm/navarch-prolog.sh\n')
    expect((await installHooks(context, wishes)).changes).toEqual([])
    const { problems, kept } = await removeHooks(context, {})
    expect({ problems, kept }).toEqual({ problems: [], kept: [] })
    expect(await conf()).toBe(original)
    expect((await tree()).filter((path) => path !== 'etc/navarch')).toEqual(before)
    expect(await removeHooks(context, {})).toMatchObject({ nothing: true })
  })

  it('in a dry run tells the same and changes nothing', async () => {
    const before = await tree()
    const dry = await installHooks(context, { ...wishes, dryRun: true })
    expect(await tree()).toEqual(before)
    expect(await conf()).toBe(original)
    expect((await installHooks(context, wishes)).changes).toEqual(dry.changes)
    await removeHooks(context, { dryRun: true })
    expect(await conf()).not.toBe(original)
  })

  it('keeps the mode of slurm.conf, and a link to it', async () => {
    const [path, elsewhere] = [join(root, 'etc/slurm/slurm.conf'), join(root, 'shared.conf')]
    await writeFile(elsewhere, original)
    await chmod(elsewhere, 0o640)
    await rm(path)
    await symlink(elsewhere, path)
    await installHooks(context, wishes)
    expect((await stat(elsewhere)).mode & 0o777).toBe(0o640)
    expect(await readFile(elsewhere, 'utf8')).toContain('navarch-prolog.sh')
  })

  it('refuses a configuration that it cannot read, and changes nothing', async () => {
    await writeFile(join(root, 'etc/slurm/slurm.conf'), `${original}what is this\n`)
    const before = await tree()
    await expect(installHooks(context, wishes)).rejects.toThrow('/etc/slurm/slurm.conf: line 5: not "Key=value"')
    await expect(installHooks(context, wishes)).rejects.toBeInstanceOf(HooksError)
    expect(await tree()).toEqual(before)
  })

  it('names what is missing', async () => {
    await rm(join(root, 'etc/slurm/nodes.conf'))
    await expect(installHooks(context, wishes)).rejects.toThrow('/etc/slurm/nodes.conf: there is no such file')
    await rm(join(root, 'etc/slurm/slurm.conf'))
    await expect(installHooks(context, wishes)).rejects.toThrow('there is no slurm.conf in /etc/slurm/slurm.conf')
    await expect(installHooks({ ...context, conf: '/x' }, wishes)).rejects.toThrow('/x: there is no such file')
  })

  it('on a node whose configuration slurmctld sends puts programs where the controller’s slurm.conf names them', async () => {
    await mkdir(join(root, 'run/slurm/conf'), { recursive: true })
    await writeFile(join(root, 'run/slurm/conf/slurm.conf'), 'ClusterName=x\nProlog=/etc/slurm/prolog.d/*\n')
    await rm(join(root, 'etc/slurm'), { recursive: true })
    const { copy, changes } = await installHooks(context, wishes)
    expect(copy).toBe(true)
    expect(changes.map(({ path }) => path)).toContain('/etc/slurm/prolog.d/50-observability.sh')
    expect(await readFile(join(root, 'run/slurm/conf/slurm.conf'), 'utf8')).not.toContain('Epilog')
  })
})

describe('the status of a machine', () => {
  const outside = { fetch, now: 0, node: 'n1' }
  /** On which no program of Slurm answers. */
  const live = (): HooksContext => ({
    ...context,
    run: async () => ({ code: 127, signal: null, stdout: '', stderr: '' }),
  })

  it('tells of a service by asking it', async () => {
    await using service = await startServiceDouble()
    await installHooks(context, { ...wishes, serviceUrl: service.url })
    const found = await hooksStatus(live(), outside)
    expect(found.find(({ check }) => check === 'slurm.conf')).toMatchObject({
      state: 'ok',
      text: '/etc/slurm/slurm.conf',
    })
    expect(found).toContainEqual({ check: 'service', state: 'ok', text: `${service.url} is healthy (test)` })
  })

  it('tells of an address at which nobody listens', async () => {
    const { url } = await startServiceDouble().then(async (service) => {
      await service[Symbol.asyncDispose]()
      return service
    })
    await installHooks(context, { ...wishes, serviceUrl: url })
    expect(await hooksStatus(live(), outside)).toContainEqual(
      expect.objectContaining({ check: 'service', state: 'broken', remedy: expect.stringContaining('Nobody listens') }),
    )
  })

  it('looks at hooks of the daemons that are installed', async () => {
    await mkdir(join(root, 'usr/sbin'), { recursive: true })
    await writeFile(join(root, 'usr/sbin/slurmd'), '', { mode: 0o755 })
    const states = async () => (await hooksStatus(context, outside)).filter(({ check }) => /^(Pro|Epi)log$/.test(check))
    expect(await states()).toMatchObject([{ state: 'broken' }, { state: 'broken' }])
    await installHooks(context, wishes)
    if (process.geteuid?.() === 0) expect(await states()).toMatchObject([{ state: 'ok' }, { state: 'ok' }])
  })

  it('judges an image by its files alone, and says what it did not look at', async () => {
    const asked: unknown[] = []
    const get: typeof fetch = async (url) => {
      asked.push(url)
      throw new Error('the network of this machine')
    }
    await mkdir(join(root, 'usr/sbin'), { recursive: true })
    await mkdir(join(root, 'usr/local/bin'), { recursive: true })
    await writeFile(join(root, 'usr/sbin/slurmd'), '', { mode: 0o755 })
    await writeFile(join(root, 'usr/local/bin/navarch-node'), '', { mode: 0o755 })
    await writeFile(join(root, 'etc/slurm/gres.conf'), 'Name=gpu File=/dev/nvidia[0-7]\n')
    await installHooks(context, { ...wishes, serviceUrl: 'http://obs:8080' })
    const found = await hooksStatus(context, { ...outside, fetch: get })
    expect(asked).toEqual([])
    expect(found.filter(({ state }) => state === 'unknown')).toMatchObject([
      { check: 'image', text: expect.stringContaining('not looked at'), remedy: expect.stringContaining('booted') },
    ])
    if (process.geteuid?.() === 0) expect(found.filter(({ state }) => state === 'broken')).toEqual([])
    const checks = new Set(found.map(({ check }) => check))
    for (const live of ['service', 'scontrol show config', 'cgroup hierarchy', 'GPU tools', 'GPU isolation'])
      expect(checks).not.toContain(live)
    for (const ofFiles of ['slurm.conf', 'Prolog', 'cgroup.conf', 'agent', '/etc/navarch/hooks.env'])
      expect(checks).toContain(ofFiles)
  })

  it('goes on where there is no slurm.conf', async () => {
    await rm(join(root, 'etc/slurm/slurm.conf'))
    const found = await hooksStatus(live(), outside)
    expect(found[0]).toMatchObject({ check: 'slurm.conf', state: 'broken' })
    expect(found.map(({ check }) => check)).toContain('service')
  })
})

describe('what is read of a machine', () => {
  it.each([
    ['cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', 'v2'],
    ['tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n', 'v1'],
    ['cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n', 'hybrid'],
    ['proc /proc proc rw 0 0\n', 'none'],
  ])('cgroup mounts %j: %s', (mounts, kind) => {
    expect(cgroupMounts(mounts)).toBe(kind)
  })

  it("the node's lines of gres.conf name device files", () => {
    const text =
      'AutoDetect=off\nNodeName=n[1-2] Name=gpu Type=a File=/dev/nvidia[0-1]\nNodeName=n3 Name=gpu File=/dev/x\nName=gpu File=/dev/nvidia9\n'
    expect(gresFiles(new Map([['g', text]]), 'n2')).toEqual(['/dev/nvidia0', '/dev/nvidia1', '/dev/nvidia9'])
  })

  it.each([
    ['', 'http://localhost:8080'],
    ['OBSERVABILITY_API_URL=http://a\n', 'http://a'],
    ['OBSERVABILITY_API_URL=http://a\nexport OBSERVABILITY_URL="http://b:1/v1/"\n', 'http://b:1'],
  ])('the service of settings %j is %s', (text, url) => {
    expect(serviceUrl(text)).toBe(url)
  })
})
