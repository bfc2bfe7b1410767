import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ControlPlaneDouble, startControlPlaneDouble } from './control-plane-double.ts'
import { failedReport, idle, job, runningReport } from './job-fixtures.ts'
import { runCli } from './run-cli.ts'

let double: ControlPlaneDouble
const cli = (args: string) => runCli(args.split(' '), { server: double.url })

beforeEach(async () => {
  const row = { name: 'alice', jobs: 3, jobs_failed: 1, cpu_hours: 12, cpu_hours_used: 6.04 }
  double = await startControlPlaneDouble({
    reports: [
      [failedReport('812')],
      [runningReport('813'), { ...runningReport('813'), job: job('813', { state: 'completed' }) }],
    ],
    waste: [idle, { ...idle, job_id: '78', user: 'alice' }],
    usage: [{ ...row, gpu_hours: 20, gpu_hours_used: null, gpu_hours_idle: null, energy_kwh: null }],
  })
})
afterEach(() => double[Symbol.asyncDispose]())

describe('navarch jobs', () => {
  it('lists jobs with what they use and why they ended', async () => {
    const { code, stdout } = await cli('jobs')
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^JOB +USER +NAME +PARTITION +STATE +TIME +NODES +GPUS +CPU +GPU +REASON$/),
      expect.stringMatching(/^812 +alice +train +gpu +failed +02:00:00 +1 +1 +12% +91% +NODE_FAIL, signal 6$/),
      expect.stringMatching(/^813 +alice +train +gpu +running +02:00:00 .* -$/),
      '',
    ])
  })

  it('hands its filters on', async () => {
    await cli('jobs --state failed --user alice --node gpu-17 --limit 5')
    expect(double.requests.at(-1)?.url).toBe('/v1/jobs?state=failed&user=alice&node=gpu-17&limit=5')
    expect(await cli('jobs --user nobody -o json')).toMatchObject({ code: 0, stdout: '[]\n' })
    expect(await cli('jobs --since yesterday')).toMatchObject({ code: 2, stderr: expect.stringContaining('24h or 7d') })
  })

  it('shows who holds GPUs and does not use them', async () => {
    const { stdout } = await cli('jobs --waste --user bob')
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^JOB +USER .* REASON$/),
      expect.stringMatching(/^77 +bob +- +gpu +6 of 8 +4\.2 +42m ago +gpu-2 +0 % for 42 min$/),
      '',
    ])
    expect(JSON.parse((await cli('jobs --waste -o json')).stdout)).toHaveLength(2)
  })
})

describe('navarch job', () => {
  it('says what happened, with the evidence and what to change', async () => {
    const { code, stdout } = await cli('job 812')
    expect(code).toBe(0)
    expect(stdout).toContain('failed (NODE_FAIL)')
    expect(stdout).toContain('Job 812 failed on gpu-17: XID 79 on GPU 3, 4 s before it ended. (certain)')
    expect(stdout).toMatch(/kernel-log: NVRM: Xid 79/)
    expect(stdout).toMatch(/Memory +\[\|{4} +\] +13% +8\.0 GiB of 64\.0 GiB/)
    expect(stdout).toMatch(/Time +\[\|{15} {15}\] +50% +limit 04:00:00/)
    expect(stdout).toContain('(--mem=10G)')
    expect(stdout).not.toContain('\u001b')
  })

  it('prints the report as JSON, and a run of a requeued job', async () => {
    expect(JSON.parse((await cli('job 812 -o json')).stdout)).toEqual(failedReport('812'))
    await cli('job 812 --run 0')
    expect(double.requests.at(-1)?.url).toBe('/v1/jobs/812-r0/report')
  })

  it('follows a job to its end and tells by its status how that was', async () => {
    const { code, stdout } = await cli('job 813 --follow -o json')
    expect(code).toBe(0)
    const states = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).job.state)
    expect(states).toEqual(['running', 'completed'])
    expect((await cli('job 812 --follow')).code).toBe(1)
  })

  it('says that there is no such job', async () => {
    expect(await cli('job 4711')).toMatchObject({ code: 3, stderr: expect.stringContaining('job not found: 4711') })
  })
})

describe('navarch usage', () => {
  it('adds up, and says what nobody measured', async () => {
    const { stdout } = await cli('usage --by account --since 1d')
    expect(stdout).toMatch(/^alice +3 +1 +12\.0 +6\.0 +20\.0 +unknown +unknown +unknown$/m)
    const query = new URL(double.requests.at(-1)?.url ?? '', 'http://double').searchParams
    expect(query.get('by')).toBe('account')
    expect(Date.parse(query.get('end_time') ?? '') - Date.parse(query.get('start_time') ?? '')).toBe(86_400_000)
  })
})
