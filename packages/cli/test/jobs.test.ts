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
      [runningReport('813'), { ...runningReport('813'), job: job('813', { state: 'completed', confirmed: true }) }],
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

  it('says nothing of what a job that waits has not used yet, and what it waits for', async () => {
    const waits = job('814', { state: 'pending', nodes: [], node_count: 0, gpus: [], requested_gpus: 16 })
    delete waits.allocated_gpus
    waits.scheduler = { type: 'slurm', raw_state: 'PENDING', state_reason: 'Resources' }
    await using other = await startControlPlaneDouble({ reports: [[{ ...runningReport('814'), job: waits }]] })
    const { stdout } = await runCli(['jobs', '-o', 'wide'], { server: other.url })
    expect(stdout).toMatch(/^814 +alice +train +- +pending +- +- +16 +- +- +- +- +- +- +- +Resources$/m)
  })

  it('keeps a count of GPUs that nobody told apart from none', async () => {
    const reports = [{}, { allocated_gpus: 0 }].map((more, at) => {
      const one = job(`82${at}`, { gpus: [], ...more })
      if (!('allocated_gpus' in more)) delete one.allocated_gpus
      return [{ ...runningReport(one.id), job: one }]
    })
    await using other = await startControlPlaneDouble({ reports })
    const { stdout } = await runCli(['jobs'], { server: other.url })
    expect(stdout).toMatch(/^820 .* +1 +- +12% +- +-$/m)
    expect(stdout).toMatch(/^821 .* +1 +0 +12% +- +-$/m)
  })

  it('writes nodes and parts of jobs as Slurm does', async () => {
    const nodes = Array.from({ length: 16 }, (_, at) => `n${at + 1}`)
    const reports = [
      job('830', { nodes, node_count: 16, het_job_id: 829, het_offset: 1 }),
      job('841', { array_job_id: 840, array_task_id: '3', restart: 1 }),
    ].map((one) => [{ ...runningReport(one.id), job: one }])
    await using other = await startControlPlaneDouble({ reports })
    const { stdout } = await runCli(['jobs', '-o', 'wide'], { server: other.url })
    expect(stdout).toMatch(/^829\+1 .* n\[1-16\] /m)
    expect(stdout).toMatch(/^840_3 \(run 2\) /m)
  })

  it('tells when there are more than it shows', async () => {
    expect(await cli('jobs --limit 1')).toMatchObject({ code: 0, stderr: 'The newest 1 of 2 jobs.\n' })
    expect((await cli('jobs --limit 2')).stderr).toBe('')
  })

  it.each([
    ['--limit 0', '1 to 1000'],
    ['--limit 1001', '1 to 1000'],
    ['--since 0s', '24h or 7d'],
    ['--since 999999999d', 'at most 36500d'],
    ['--waste --state failed', '--state does not go with --waste'],
    ['--waste --since 1h', '--since does not go with --waste'],
  ])('refuses %s', async (options, words) => {
    expect(await cli(`jobs ${options}`)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(words) })
    expect(double.requests).toEqual([])
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
    expect(JSON.parse((await cli('jobs --waste --limit 1 -o json')).stdout)).toHaveLength(1)
    expect(JSON.parse((await cli('jobs --waste --node gpu-3 -o json')).stdout)).toEqual([])
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
    expect(await cli('job 812 --run 3')).toMatchObject({
      code: 3,
      stderr: 'navarch: job 812 has no run 3\n  Its runs: 0.\n',
    })
  })

  it('tells times so that they can be found in logs', async () => {
    const { stdout } = await cli('job 812')
    expect(stdout).toMatch(/^Started: +2026-01-01T10:00:00Z \(2h ago\)$/m)
    expect(stdout).toMatch(/^Ended: +2026-01-01T11:59:00Z \(1m ago\)$/m)
  })

  it('has no figures for a job that waits', async () => {
    const waits = runningReport('815')
    waits.job.state = 'pending'
    waits.job.start_time = null
    Object.assign(waits.job, {
      requested_nodes: 2,
      requested_gpus: 16,
      requested_memory_mb: 65_536,
      array_task_id: '9-40',
    })
    waits.job.scheduler = { type: 'slurm', submit_time: '2026-01-01T11:00:00.000Z', time_limit_minutes: 90 }
    await using other = await startControlPlaneDouble({ reports: [[waits]] })
    const { stdout } = await runCli(['job', '815'], { server: other.url })
    expect(stdout).toMatch(/^Submitted: +2026-01-01T11:00:00Z \(1h ago\)$/m)
    expect(stdout).toMatch(/^Asks for: +2 nodes, 16 GPUs, 64\.0 GiB, 01:30:00, each task$/m)
    expect(stdout).not.toMatch(/Started|Time|CPU|Memory/)
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
    const stderr =
      'navarch: job not found: 4711\n  navarch jobs lists what there is; a task of an array is written 900_3.\n'
    expect(await cli('job 4711')).toMatchObject({ code: 3, stderr })
    expect(await cli('job 4711 --run 1')).toMatchObject({ code: 3, stderr })
    expect(await runCli(['job', ''], { server: double.url })).toMatchObject({ code: 2 })
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
