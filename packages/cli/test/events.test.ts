import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ControlPlaneDouble, deadAddress, startControlPlaneDouble } from './control-plane-double.ts'
import { event, node } from './fleet.ts'
import { type RunningCli, runCli, startCli } from './run-cli.ts'

let double: ControlPlaneDouble

beforeEach(async () => {
  double = await startControlPlaneDouble({ events: [event(1), event(2), event(3)] })
})
afterEach(() => double[Symbol.asyncDispose]())

/** Waits until the program has printed this. */
async function printed(running: RunningCli, text: string): Promise<void> {
  await expect.poll(running.stdout, { timeout: 10_000, interval: 20 }).toContain(text)
}

describe('navarch events', () => {
  it('prints what happened, one line each', async () => {
    const { code, stdout } = await runCli(['events'], { server: double.url })
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(stdout).toMatch(/node-status .*gpu-node-001 .*event 2$/m)
  })

  it('prints one object per line as JSON', async () => {
    const { stdout } = await runCli(['events', '--after', '1', '-o', 'json'], { server: double.url })
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([event(2), event(3)])
  })

  it('prints nothing but a note when nothing happened', async () => {
    double.state.events = []
    expect(await runCli(['events', '-o', 'json'], { server: double.url })).toMatchObject({ code: 0, stdout: '' })
  })

  it('follows, and goes on where a broken connection left off', async () => {
    const running = startCli(['events', '--follow', '--after', '2', '-o', 'json'], { server: double.url })
    await double.streamsOpened(1)
    double.emit(event(4))
    await printed(running, 'event 4')
    double.cutStreams()
    double.state.events.push(event(5))
    await double.streamsOpened(2)
    double.emit(event(6))
    await printed(running, 'event 6')
    running.interrupt()
    const { code, stdout } = await running.done
    expect(code).toBe(130)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).seq),
    ).toEqual([3, 4, 5, 6])
  })

  it('does not wait for a control plane that was never there', async () => {
    expect(await runCli(['events', '--follow'], { server: await deadAddress() })).toMatchObject({
      code: 4,
      stdout: '',
    })
  })
})

describe('--watch', () => {
  it('prints a document at each change in a pipe, and nothing for a reading that moved', async () => {
    double.state.nodes = [node('gpu-node-001')]
    const running = startCli(['list', '--watch', '-o', 'json'], { server: double.url })
    await printed(running, '"active"')
    double.state.nodes = [node('gpu-node-001', { last_heartbeat: '2026-01-01T12:00:01.000Z' })]
    await expect.poll(() => double.requests.length, { timeout: 10_000 }).toBeGreaterThan(1)
    double.state.nodes = [node('gpu-node-001', { status: 'draining' })]
    await printed(running, '"draining"')
    running.interrupt()
    const { stdout } = await running.done
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)[0].status),
    ).toEqual(['active', 'draining'])
  })

  it('redraws a terminal', async () => {
    double.state.nodes = [node('gpu-node-001')]
    const running = startCli(['list', '--watch'], { server: double.url, terminal: 120 })
    await printed(running, 'gpu-node-001')
    running.interrupt()
    await running.done
    expect(running.stdout().startsWith('\u001b[H')).toBe(true)
  })

  it('waits for a control plane that goes away, and ends when it was never there', async () => {
    expect((await runCli(['list', '--watch'], { server: await deadAddress() })).code).toBe(4)
    double.state.nodes = [node('gpu-node-001')]
    const running = startCli(['list', '--watch'], { server: double.url })
    await printed(running, 'gpu-node-001')
    double.away = true
    await expect.poll(running.stderr, { timeout: 10_000 }).not.toBe('')
    double.away = false
    double.state.nodes = [node('gpu-node-002')]
    await printed(running, 'gpu-node-002')
    running.interrupt()
    await running.done
  })
})
