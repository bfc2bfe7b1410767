import { parsePendingReason, pendingReasons } from '@navarch/slurm/pending-reason'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { job } from '../../test/builders.ts'
import { gpusAsked, pendingKind, pendingWords, reasonText, summarizeQueue, tasksOf } from './pending-words.ts'
import { queueReasonKinds } from './reason-table.ts'

const words = (reason: string, over: Parameters<typeof job>[0] = {}) =>
  pendingWords(job({ id: 812, reason, ...over }), 0)

describe('every reason of Slurm’s catalogue', () => {
  test.each(pendingReasons)('%s is told in plain words with a remedy', (reason) => {
    const { kind, why, remedy } = words(reason)
    expect(queueReasonKinds).toContain(kind)
    expect(why).toMatch(/^[A-Z].*\.$/s)
    expect(why).not.toContain('Slurm says')
    expect(remedy).toMatch(/^[A-Z].*\S$/s)
    expect(remedy).not.toMatch(/\bID\b/)
  })
})

// squeue(1), JOB REASON CODES, 24.11: the limits of associations and QOS.
const limits = [
  'AssocGrpBB',
  'AssocGrpBBMinutes',
  'AssocGrpBBRunMinutes',
  'AssocGrpBilling',
  'AssocGrpBillingMinutes',
  'AssocGrpCpuLimit',
  'AssocGrpCPUMinutesLimit',
  'AssocGrpCPURunMinutesLimit',
  'AssocGrpEnergy',
  'AssocGrpGRES',
  'AssocGrpGRESMinutes',
  'AssocGrpJobsLimit',
  'AssocGrpLicense',
  'AssocGrpMemLimit',
  'AssocGrpMemMinutes',
  'AssocGrpNodeLimit',
  'AssocGrpSubmitJobsLimit',
  'AssocGrpWallLimit',
  'AssocMaxBBMinutesPerJob',
  'AssocMaxCpuPerJobLimit',
  'AssocMaxGRESPerJob',
  'AssocMaxJobsLimit',
  'AssocMaxMemPerJob',
  'AssocMaxNodePerJobLimit',
  'AssocMaxSubmitJobLimit',
  'AssocMaxWallDurationPerJobLimit',
  'MaxCpuPerAccount',
  'MaxGRESPerAccount',
  'MaxJobsPerAccount',
  'QOSGrpCpuLimit',
  'QOSGrpGRES',
  'QOSGrpMemLimit',
  'QOSGrpNodeLimit',
  'QOSGrpWallLimit',
  'QOSMaxCpuPerJobLimit',
  'QOSMaxCpuPerNode',
  'QOSMaxCpuPerUserLimit',
  'QOSMaxGRESPerJob',
  'QOSMaxGRESPerUser',
  'QOSMaxJobsPerUserLimit',
  'QOSMaxMemoryPerUser',
  'QOSMaxNodePerUserLimit',
  'QOSMaxSubmitJobPerUserLimit',
  'QOSMaxWallDurationPerJobLimit',
  'QOSMinCpuNotSatisfied',
  'QOSMinGRES',
  'QOSMinMemory',
  'QOSMinPrioThreshold',
]

describe('limits', () => {
  test.each(limits)('%s is a limit with its owner and its remedy', (reason) => {
    const { kind, why, remedy } = words(reason)
    expect(['limit', 'stuck']).toContain(kind)
    expect(why).toMatch(/its (?:account|QOS)/)
    expect(why).not.toContain('of a resource (')
    expect(remedy).toMatch(/sacctmgr show (?:assoc|qos)/)
  })

  test.each([
    ['QOSMaxGRESPerUser', 'limit', 'Its user has as much as its QOS allows: GPUs or other generic resources.'],
    ['AssocGrpCPUMinutesLimit', 'limit', 'All jobs of its account have as much as its account allows: CPU minutes.'],
    ['QOSMaxWallDurationPerJobLimit', 'stuck', 'It asks for more than its QOS allows for one job: time.'],
    ['MaxJobsPerAccount', 'limit', 'Its account has as much as its account allows: running jobs.'],
    ['QOSMinGRES', 'stuck', 'It asks for less than its QOS demands: GPUs or other generic resources.'],
  ])('%s: %s, "%s"', (reason, kind, why) => {
    expect(words(reason)).toMatchObject({ kind, why })
  })
})

describe('what the job’s own record adds', () => {
  test('the nodes that are not there', () => {
    expect(words('ReqNodeNotAvail, UnavailableNodes:gpu-[3-4]').why).toBe(
      'Nodes that it could use are down, drained or reserved: gpu-[3-4].',
    )
  })
  test('the job that is waited for', () => {
    expect(words('Dependency', { dependency: 'afterok:811(unfulfilled)' }).why).toBe(
      'It waits for another job to end: afterok:811(unfulfilled).',
    )
  })
  test('the time that is waited for', () => {
    expect(words('BeginTime', { eligibleTime: 7_200_000 }).why).toMatch(/: in 2 h\.$/)
  })
  test('its id in what to type', () => {
    expect(words('JobHeldUser').remedy).toBe('Release it: scontrol release 812')
  })
})

test.each([
  'Resources',
  'ReqNodeNotAvail, UnavailableNodes:gpu-[3-4]',
  'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions',
  'launch failed requeued held',
  'something odd happened',
])('the reason "%s" is told in Slurm’s own words', (reason) => {
  expect(reasonText(job({ reason }))).toBe(reason)
})

test('a reason that nobody knows is shown as it is', () => {
  expect(words('BrandNewReason')).toEqual({
    kind: 'other',
    why: 'Slurm says "BrandNewReason".',
    remedy: 'See scontrol show job 812.',
  })
  expect(words('something odd happened').why).toBe('Slurm says "something odd happened".')
  expect(pendingWords(job({ reason: 'x' }), 0).kind).toBe('other')
  expect(pendingWords({ ...job(), reason: { code: 'constructor', known: false } }, 0).kind).toBe('other')
})

test('the bar counts tasks, in a fixed order', () => {
  const jobs = [
    job({ reason: 'Priority', array: { jobId: 1, tasks: '1-20', count: 20 } }),
    job({ reason: 'Resources' }),
    job({ reason: 'JobHeldUser' }),
    job({ reason: 'Resources', state: 'RUNNING' }),
  ]
  expect(summarizeQueue(jobs)).toEqual({
    pending: 22,
    byReason: [
      { kind: 'resources', label: 'wait for resources', jobs: 1 },
      { kind: 'priority', label: 'by priority', jobs: 20 },
      { kind: 'held', label: 'held', jobs: 1 },
    ],
  })
})

test('GPUs are counted however they were asked for', () => {
  const gpu = (count: number) => [{ name: 'gpu', count }]
  expect(gpusAsked(job({ request: { nodesMin: 4, gresPerNode: gpu(8) } }))).toBe(32)
  expect(gpusAsked(job({ request: { gresPerJob: gpu(6) } }))).toBe(6)
  expect(gpusAsked(job({ request: { tasks: 3, gresPerTask: gpu(2) } }))).toBe(6)
  expect(gpusAsked(job({ tres: { 'gres/gpu': 5 } }))).toBe(5)
})

test('property: whatever the reason says, there are words, and the bar sums up', () => {
  const anyReason = fc.oneof(fc.constantFrom(...pendingReasons, ...limits), fc.string())
  fc.assert(
    fc.property(fc.array(fc.tuple(anyReason, fc.integer({ min: 1, max: 50 }))), (specs) => {
      const jobs = specs.map(([reason, count]) => ({
        ...job({ array: { jobId: 1, tasks: '1', count } }),
        reason: parsePendingReason(reason),
      }))
      for (const one of jobs) {
        const { why, kind } = pendingWords(one, 0)
        expect(why).not.toBe('')
        expect(pendingKind(one)).toBe(kind)
      }
      const { pending, byReason } = summarizeQueue(jobs)
      expect(byReason.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(pending)
      expect(pending).toBe(jobs.reduce((sum, one) => sum + tasksOf(one), 0))
    }),
  )
})
