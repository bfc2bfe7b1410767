import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPlainFinished, isPlainStarted } from './plain-event.ts'
import { jobFinishedEvent, jobStartedEvent } from './request-schemas.ts'

const started = {
  event: 'started',
  job_id: '812',
  user: 'alice',
  node_list: ['n1', 'n2'],
  timestamp: '2026-03-01T12:00:00.250Z',
  node: 'n1',
  restart: 0,
  cpu_allocation: 96,
  memory_allocation_mb: 512_000,
  gpu_vendor: 'nvidia',
  gpu_devices: ['GPU-1'],
  partition: 'gpu',
  array_task_id: '3-20',
  gpus: [{ uuid: 'GPU-1', vendor: 'nvidia', index: 0, model: 'H200', memory_total_bytes: 2 ** 37, newer: true }],
}
const finished = {
  event: 'finished',
  job_id: 'slurm-812',
  final_state: 'failed',
  timestamp: '2026-03-01T13:00:00+01:00',
  node: 'n1',
  exit_code: 1,
  signal: 0,
}
const cases = [
  { name: 'started', plain: isPlainStarted, schema: jobStartedEvent, usual: started },
  { name: 'finished', plain: isPlainFinished, schema: jobFinishedEvent, usual: finished },
] as const

describe.each(cases)('the quick look at a $name event', ({ plain, schema, usual }) => {
  test('takes the usual form', () => {
    expect(plain(usual)).toBe(true)
  })

  test.each([null, [], 'text', 1, {}])('leaves %j to the schema', (value) => {
    expect(plain(value)).toBe(false)
  })

  test('takes nothing that the schema does not take as it is', () => {
    const keys = [...Object.keys(schema.shape), 'unknown_key']
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(
        -1,
        0.5,
        1e12,
        2 ** 32,
        2 ** 60,
        '',
        'a\u0000',
        'a\nb',
        'é',
        '\ud800',
        'x'.repeat(300),
        'x'.repeat(5000),
      ),
      fc.constantFrom('2026-02-30T00:00:00Z', '2026-03-01T12:00:60Z', '2026-03-01', 'hook', 'running', 'amd', 'mixed'),
      fc.constantFrom<unknown>(
        [''],
        ['n[1-3]'],
        [{ uuid: '', vendor: 'amd' }],
        [{ uuid: 'a', vendor: 'intel' }],
        [null],
      ),
    )
    const changes = fc.array(fc.tuple(fc.constantFrom(...keys), fc.option(odd, { nil: undefined })), { maxLength: 3 })
    fc.assert(
      fc.property(changes, (changed) => {
        const event = JSON.parse(JSON.stringify({ ...usual, ...Object.fromEntries(changed) }))
        if (!plain(event)) return
        const parsed = schema.parse(event)
        expect(event).toMatchObject(parsed)
        for (const key of Object.keys(schema.shape)) expect(Object.hasOwn(parsed, key)).toBe(Object.hasOwn(event, key))
      }),
      { numRuns: 2000 },
    )
  })
})
