import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const launcher = fileURLToPath(new URL('../bin/navarch-node.js', import.meta.url))
const standIn = fileURLToPath(new URL('../../gpu/bin/fake-nvidia-smi', import.meta.url))

describe('navarch-node check', () => {
  let folder: string
  let gpuState: string
  let kernelLog: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-check-'))
    gpuState = join(folder, 'gpus')
    kernelLog = join(folder, 'kern.log')
    await symlink(standIn, join(folder, 'nvidia-smi'))
    await writeFile(kernelLog, '')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const run = (args: string[], path = `${folder}:${process.env.PATH}`) =>
    runCommand(process.execPath, [launcher, ...args], {
      deadlineMs: 15_000,
      env: { PATH: path, NAVARCH_FAKE_GPU_STATE: gpuState, NAVARCH_FAKE_GPU_COUNT: '2' },
    })
  const check = async () => {
    const { code, stdout } = await run(['check', '-o', 'json', '--node-id', 'n1', '--kernel-log', kernelLog])
    return { code, result: JSON.parse(stdout) }
  }

  it('ends with 0 when nothing is wrong, and prints the inventory', async () => {
    const { code, result } = await check()
    expect(code).toBe(0)
    expect(result).toMatchObject({ node: 'n1', outcome: 'healthy', findings: [], gpus: [{ index: 0 }, { index: 1 }] })
  })

  it.each([
    ['a lost GPU', '1 lost\n', 'gpu-lost'],
    ['a recovery action', '0 gpu_recovery_action Drain and Reset\n', 'recovery-action'],
    ['uncorrectable ECC errors', '0 ecc.errors.uncorrected.volatile.total 3\n', 'ecc-uncorrected'],
    ['a driver that is not loaded', 'exit 9 failed\n', 'driver-not-loaded'],
    ['a fallen GPU', 'exit 15 GPU has fallen off the bus\n', 'gpu-lost'],
  ])('ends with 1 for %s', async (_what, state, finding) => {
    await writeFile(gpuState, state)
    const { code, result } = await check()
    expect(code).toBe(1)
    expect(result.findings.map((one: { code: string }) => one.code)).toContain(finding)
  })

  it('ends with 1 for a fault in the kernel log', async () => {
    await writeFile(kernelLog, 'NVRM: Xid (PCI:0000:2b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.\n')
    const { code, result } = await check()
    expect(code).toBe(1)
    expect(result.findings).toMatchObject([{ code: 'xid-79', gpu_index: 1, class: 'drain-replace' }])
  })

  it("ends with 0 for an application's fault, which it lists", async () => {
    await writeFile(kernelLog, 'NVRM: Xid (PCI:0000:2b:00): 13, pid=1234, name=python3, Graphics Exception\n')
    const { code, result } = await check()
    expect(code).toBe(0)
    expect(result.findings).toMatchObject([{ code: 'xid-13', class: 'application' }])
  })

  it('ends with 2 when the GPUs cannot be looked at', async () => {
    await writeFile(gpuState, 'exit 12 NVML library not found\n')
    expect(await check()).toMatchObject({ code: 2, result: { outcome: 'unknown', gpus: [] } })
    const missing = await run(['check', '--kernel-log', kernelLog], '/nonexistent')
    expect(missing.code).toBe(2)
    expect(missing.stdout).toContain('cannot tell')
  })

  it('ends with 2 when there is no kernel log to read XIDs from', async () => {
    await rm(kernelLog)
    const { code, result } = await check()
    expect(code).toBe(2)
    expect(result).toMatchObject({ outcome: 'unknown', notes: [expect.stringContaining('does not exist')] })
  })

  it('ends with 64 when it is not understood, and says what is allowed', async () => {
    const unknown = await run(['check', '--output', 'xml'])
    expect(unknown).toMatchObject({ code: 64 })
    expect(unknown.stderr).toMatch(/^navarch-node: option .*table, json/)
    const wrong = await run(['--sample-interval', '5'])
    expect(wrong).toMatchObject({ code: 64 })
    expect(wrong.stderr).toContain('sample interval "5": must be a duration')
  })

  it('prints tables for people', async () => {
    await writeFile(gpuState, '1 lost\n')
    const { stdout } = await run(['check', '--node-id', 'n1', '--kernel-log', kernelLog])
    expect(stdout).toMatch(/^GPU +NAME +UUID/)
    expect(stdout).toMatch(/gpu-lost +drain-replace/)
    expect(stdout).toMatch(/n1: not healthy: see the findings\n$/)
  })
})

it('the launcher says what is missing where no Node is new enough', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-launch-'))
  const launch = fileURLToPath(new URL('../../system/bin/launch.js', import.meta.url))
  await copyFile(launch, join(folder, 'launch.mjs'))
  await writeFile(
    join(folder, 'main.mjs'),
    `Object.defineProperty(process.versions, 'node', { value: '20.19.2' })
const { launch } = await import('./launch.mjs')
await launch(new URL('./nothing.ts', import.meta.url))`,
  )
  const { code, stderr } = await runCommand(process.execPath, [join(folder, 'main.mjs')], { deadlineMs: 10_000 })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^Node 20\.19\.2 is too old: 24 or newer is needed/)
  await rm(folder, { recursive: true })
})
