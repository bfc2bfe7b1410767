import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

describe('navarch exporter slurm', () => {
  const folders: string[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })

  /** A folder with a scontrol that fails with these words. */
  async function binOf(words: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'navarch-exporter-cli-'))
    folders.push(folder)
    const scontrol = join(folder, 'scontrol')
    await writeFile(scontrol, `#!/bin/sh\necho '${words}' >&2\nexit 1\n`)
    await chmod(scontrol, 0o755)
    return folder
  }

  it('says that slurm.conf is missing where it is, and not that Slurm is to be installed', async () => {
    const bin = await binOf('scontrol: fatal: Could not establish a configuration source')
    const { code, stderr } = await runCli(['exporter', 'slurm', '--bin', bin])
    expect(code).toBe(1)
    expect(stderr).toMatch(/configuration source\n {2}This machine has no slurm\.conf: .*--conf/)
    expect(stderr).not.toMatch(/nstall/)
  })

  it("asks for Slurm's commands where there are none", async () => {
    const { code, stderr } = await runCli(['exporter', 'slurm', '--bin', '/nowhere'])
    expect([code, stderr]).toEqual([1, expect.stringMatching(/slurm-client.*--bin/)])
  })

  it('refuses a slurm.conf that is not there at once, and says who named it', async () => {
    const byFlag = await runCli(['exporter', 'slurm', '--conf', '/nowhere/slurm.conf'])
    expect([byFlag.code, byFlag.stderr]).toEqual([1, expect.stringMatching(/--conf says is \/nowhere\/slurm\.conf/)])
    const byEnv = await runCli(['exporter', 'slurm'], { env: { SLURM_CONF: '/nowhere/slurm.conf' } })
    expect([byEnv.code, byEnv.stderr]).toEqual([1, expect.stringMatching(/SLURM_CONF says is .*ENOENT.*\n.*--conf/)])
  })

  it('tells each default once in its help', async () => {
    const { stdout } = await runCli(['exporter', 'slurm', '--help'])
    expect(stdout).toMatch(/where to listen \(default: :9341\)$/m)
    expect(stdout).toMatch(/between two looks at Slurm \(default: 15s\)$/m)
  })
})
