import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KernelFault } from '../kernel-findings.ts'
import { openXidHistory } from './xid-history.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'navarch-xids-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const pciBusId = '00000000:1B:00.0'
const gpus = [{ index: 2, uuid: 'GPU-a', pciBusId, name: 'NVIDIA H100' }]
const fault = (xid: number, at: number, address = pciBusId): KernelFault => ({
  ...{ id: `${xid}/${at}`, at, gpu: address === pciBusId ? { uuid: 'GPU-a', index: 2 } : undefined },
  event: { kind: 'xid', xid, pciBusId: address, message: '', line: '' },
})

describe('XID errors of a boot', () => {
  it('are counted by GPU and code, with the GPU as it was', async () => {
    const history = await openXidHistory(undefined, 'boot', silentLog)
    for (const [xid, at] of [
      [79, 10],
      [31, 20],
      [31, 30],
    ] as const)
      history.add(fault(xid, at), gpus)
    const gpu = { pciBusId, uuid: 'GPU-a', index: 2, name: 'NVIDIA H100' }
    expect(history.all()).toEqual([
      { xid: 79, count: 1, lastAt: 10, gpu },
      { xid: 31, count: 2, lastAt: 30, gpu },
    ])
  })

  it('of a GPU that nobody has seen yet have its address', async () => {
    const history = await openXidHistory(undefined, 'boot', silentLog)
    history.add(fault(79, 10, '00000000:2C:00.0'), [])
    expect(history.all()).toEqual([{ xid: 79, count: 1, lastAt: 10, gpu: { pciBusId: '00000000:2C:00.0' } }])
  })

  it('are known again after a restart of the agent, and gone after one of the machine', async () => {
    const path = join(folder, 'xids.json')
    const first = await openXidHistory(path, 'boot-1', silentLog)
    first.add(fault(79, 10), gpus)
    first.add(fault(79, 20), gpus)
    await first.close()
    const second = await openXidHistory(path, 'boot-1', silentLog)
    expect(second.all()).toEqual(first.all())
    expect((await openXidHistory(path, 'boot-2', silentLog)).all()).toEqual([])
  })

  it.each(['', '{', '[]', '{"bootId":"boot","xids":[{"xid":"79"},null,7]}'])(
    'begin anew with a file of %j',
    async (text) => {
      const path = join(folder, 'xids.json')
      writeFileSync(path, text)
      const history = await openXidHistory(path, 'boot', silentLog)
      expect(history.all()).toEqual([])
      history.add(fault(48, 10), gpus)
      await history.close()
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ bootId: 'boot', xids: [{ xid: 48 }] })
    },
  )

  it('do not fill memory when a log goes mad', async () => {
    const history = await openXidHistory(undefined, 'boot', silentLog)
    for (let code = 0; code < 5000; code++) history.add(fault(code, code), gpus)
    expect(history.all().length).toBeLessThan(1000)
  })
})
