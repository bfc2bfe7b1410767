import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '@navarch/system/run-command'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
const executable = join(root, `dist/executables/navarch-node-linux-${arch}`)

describe('the executable navarch-node', () => {
  let folder: string
  beforeAll(async () => {
    const script = join(root, 'scripts/build-executables.ts')
    const built = await runCommand(process.execPath, [script, '--only', 'navarch-node', '--arch', arch], {
      deadlineMs: 120_000,
    })
    expect(built).toMatchObject({ code: 0, stderr: '' })
    folder = await mkdtemp(join(tmpdir(), 'navarch-executable-'))
    await symlink(join(root, 'packages/gpu/bin/fake-nvidia-smi'), join(folder, 'nvidia-smi'))
  }, 130_000)
  afterAll(() => rm(folder, { recursive: true }))

  const runtime = () => join(folder, 'runtime')
  // Nothing of this process's environment goes along: on a new machine there is none of it.
  const run = (args: string[]) => {
    const env = [`PATH=${folder}:/usr/bin:/bin`, `NAVARCH_RUNTIME_DIR=${runtime()}`]
    return runCommand('/usr/bin/env', ['-i', ...env, executable, ...args], { deadlineMs: 30_000 })
  }

  it('brings its own Node, and unpacks it once, also when it is started twice at the same moment', async () => {
    const starts = await Promise.all([run(['version']), run(['version']), run(['version'])])
    for (const start of starts) expect(start).toMatchObject({ code: 0, stderr: '' })
    const unpacked = await readdir(runtime())
    expect(unpacked.filter((name) => name.startsWith('node-'))).toHaveLength(1)
    expect(unpacked.filter((name) => name.startsWith('navarch-node-'))).toHaveLength(1)
    expect(unpacked).toHaveLength(2)
  })

  it('checks a machine, with the exit status as from source', async () => {
    const log = join(folder, 'kern.log')
    await writeFile(log, '')
    const check = () => run(['check', '-o', 'json', '--kernel-log', log])
    expect(await check()).toMatchObject({ code: 0 })
    await writeFile(log, 'NVRM: Xid (PCI:0000:1a:00): 79, pid=1, name=a, GPU has fallen off the bus.\n')
    expect(await check()).toMatchObject({ code: 1, stdout: expect.stringContaining('xid-79') })
  })
})
