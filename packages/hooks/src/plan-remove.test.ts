import { describe, expect, it } from 'vitest'
import type { FileContent } from './file-change.ts'
import { parseRecord } from './install-record.ts'
import { addToRecord, type InstallRecord, planRemove, type RunningHooks, recordAfter } from './plan-remove.ts'

const file = (text: string, mode = 0o644): FileContent => ({ text, mode, uid: 0, gid: 0 })
const conf = '/etc/slurm/slurm.conf'
const script = '/etc/slurm/prolog.d/50-observability.sh'
const settings = '/etc/navarch/hooks.env'
const record: InstallRecord = {
  version: 1,
  changes: [
    { path: settings, before: undefined, after: file('OBSERVABILITY_URL=x\n') },
    { path: script, before: undefined, after: file('ours', 0o755) },
    { path: conf, before: file('a\n'), after: file('a\nProlog=/etc/slurm/prolog.d/*\n') },
  ],
  folders: ['/etc/slurm/prolog.d'],
}
const current = (texts: Partial<Record<string, string>> = {}) =>
  new Map(
    record.changes.map(({ path, after }) => [path, { ...(after ?? file('')), text: texts[path] ?? after?.text ?? '' }]),
  )
const running = (values: string[] | undefined, names = ['50-observability.sh']): RunningHooks => ({
  values,
  folders: new Map([['/etc/slurm/prolog.d', names]]),
})

describe('taking the hooks out', () => {
  it('restores files and deletes what was made, once Slurm does not run it', () => {
    const plan = planRemove(record, current(), running([]))
    expect(plan.changes.map(({ path, after }) => [path, after?.text])).toEqual([
      [conf, 'a\n'],
      [script, undefined],
      [settings, undefined],
    ])
    expect(recordAfter(record, plan)).toBeUndefined()
  })

  it('keeps programs that Slurm runs, with their settings, and the record of them', () => {
    const plan = planRemove(record, current(), running(['/etc/slurm/prolog.d/*']))
    expect(plan.changes.map(({ path }) => path)).toEqual([conf])
    expect(plan.kept).toEqual([script, settings])
    expect(recordAfter(record, plan)?.changes.map(({ path }) => path)).toEqual([settings, script])
  })

  it('keeps them too where Slurm does not say what it runs, unless told otherwise', () => {
    expect(planRemove(record, current(), running(undefined)).kept).toEqual([script, settings])
    expect(planRemove(record, current(), running(undefined), { now: true }).kept).toEqual([])
  })

  it('deletes one of several programs of a pattern at once', () => {
    const plan = planRemove(record, current(), running(['/etc/slurm/prolog.d/*'], ['50-observability.sh', '90-site']))
    expect(plan.kept).toEqual([])
  })

  it('takes only its own lines out of a configuration that was changed since', () => {
    const plan = planRemove(record, current({ [conf]: 'a\nProlog=/etc/slurm/prolog.d/*\nNodeName=n9\n' }), running([]))
    expect(plan.changes[0]).toMatchObject({ path: conf, after: { text: 'a\nNodeName=n9\n' } })
  })

  it('leaves what it does not recognise, and says so', () => {
    const plan = planRemove(record, current({ [conf]: 'a\nProlog=/other\n', [script]: 'theirs' }), running([]))
    expect(plan.problems).toEqual([
      { path: conf, reason: 'it was changed since, and has no line "Prolog=/etc/slurm/prolog.d/*"' },
      { path: script, reason: 'it was changed since' },
    ])
  })

  it('has nothing to do where somebody was quicker', () => {
    const plan = planRemove(record, new Map([[conf, file('a\n')]]), running([]))
    expect(plan).toEqual({ changes: [], kept: [], problems: [] })
  })
})

describe('the record', () => {
  it('has of each file what was before the first change and after the last', () => {
    const once = addToRecord(undefined, [{ path: '/a', before: file('1'), after: file('2') }], ['/x'])
    const twice = addToRecord(once, [{ path: '/a', before: file('2'), after: file('3') }], ['/x', '/y'])
    expect(twice).toEqual({
      version: 1,
      changes: [{ path: '/a', before: file('1'), after: file('3') }],
      folders: ['/x', '/y'],
    })
    expect(addToRecord(twice, [{ path: '/a', before: file('3'), after: file('1') }], []).changes).toEqual([])
  })

  it('keeps what the site changed between two installations', () => {
    const once = addToRecord(undefined, [{ path: '/a', before: file('a\n'), after: file('a\nours\n') }], [])
    const twice = addToRecord(
      once,
      [{ path: '/a', before: file('a\nours\nb\n'), after: file('a\nours\nb\nmore\n') }],
      [],
    )
    expect(twice.changes).toEqual([{ path: '/a', before: file('a\nb\n'), after: file('a\nours\nb\nmore\n') }])
    const replaced = addToRecord(once, [{ path: '/a', before: file('new\n'), after: file('new\nours\n') }], [])
    expect(replaced.changes).toEqual([{ path: '/a', before: file('new\n'), after: file('new\nours\n') }])
  })

  it.each(['', '{}', '{"version":2}', '{"version":1,"changes":[{"path":"x"}],"folders":[]}', '[1]'])(
    'is not %j',
    (text) => {
      expect(() => parseRecord(text)).toThrow('/etc/navarch/hooks-installed.json is no record')
    },
  )
})
