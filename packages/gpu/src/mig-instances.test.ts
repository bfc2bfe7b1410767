import { readFileSync } from 'node:fs'
import { CommandTimeoutError, type RunCommand } from '@navarch/system/run-command'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GpuReading } from './gpu-reading.ts'
import { parseMigList, parseMigXml, withMigInstances } from './mig-instances.ts'

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
const list = fixture('h200-mig-list.txt')
const xml = fixture('h200-mig.xml')
const mib = 1024 ** 2
const uuid = 'GPU-7d9b2c10-55aa-4f0e-8a77-00112233aabb'

describe('GPU instances', () => {
  it('have their number, profile, memory and the UUIDs of their devices', () => {
    expect(parseMigXml(xml, parseMigList(list))).toEqual(
      new Map([
        [
          uuid,
          [
            {
              id: 2,
              profile: '3g.71gb',
              uuids: ['MIG-0a6a6d1c-1111-5b1c-9d1e-2f6f0c8b0001', 'MIG-0a6a6d1c-1111-5b1c-9d1e-2f6f0c8b0002'],
              memoryTotalBytes: 71_040 * mib,
              memoryUsedBytes: 40_312 * mib,
              memoryFreeBytes: 30_728 * mib,
              memoryReservedBytes: 0,
            },
            {
              id: 9,
              profile: '1g.18gb',
              uuids: ['MIG-0a6a6d1c-1111-5b1c-9d1e-2f6f0c8b0003'],
              memoryUsedBytes: 15 * mib,
            },
          ],
        ],
      ]),
    )
  })

  it("are those of their GPU where a driver names the devices' UUIDs before the GPU's", () => {
    const named = xml.replaceAll('<mig_device>', '<mig_device>\n<uuid>MIG-0</uuid>')
    expect([...parseMigXml(named, parseMigList(list)).keys()]).toEqual([uuid])
  })

  it('have the older UUIDs, which hold the numbers', () => {
    const [device] = parseMigList('GPU 0: A100 (UUID: GPU-1)\n  MIG 3g.20gb Device 0: (UUID: MIG-GPU-1/2/0)\n')
    expect(device).toEqual({ gpuUuid: 'GPU-1', index: 0, uuid: 'MIG-GPU-1/2/0', profile: '3g.20gb' })
  })

  it('are read from whatever comes without an error, and never with a number that is none', () => {
    const pieces = fc.constantFrom(...xml.split(/(?=<)|(?<=>)/), ...list.split('\n'), '<gpu id=', '<uuid>', 'N/A', '-1')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        for (const instances of parseMigXml(parts.join(''), parseMigList(parts.join('\n'))).values()) {
          for (const { id, memoryUsedBytes = 0 } of instances) {
            expect(Number.isInteger(id) && id >= 0 && memoryUsedBytes >= 0).toBe(true)
          }
        }
      }),
    )
  })
})

describe('a look with GPU instances', () => {
  const reading: GpuReading = { index: 0, uuid, migMode: true }
  const looking = (gpus: GpuReading[], answer: (what: string) => string | Error, stillStuck = async () => false) => {
    const calls: string[] = []
    const run: RunCommand = async (_program, args) => {
      calls.push(args.join(' '))
      const stdout = answer(args[0] ?? '')
      if (stdout instanceof Error) throw stdout
      return { code: stdout === '' ? 9 : 0, signal: null, stdout, stderr: '' }
    }
    const smi = withMigInstances({ look: async () => ({ kind: 'readings', gpus }) }, { run, stillStuck })
    return { calls, smi }
  }

  it('asks for them where MIG is on, and only there', async () => {
    const off = looking([{ ...reading, migMode: false }], () => xml)
    await off.smi.look()
    expect(off.calls).toEqual([])
    const on = looking([reading, { index: 1 }], (what) => (what === '-L' ? list : xml))
    expect(await on.smi.look()).toMatchObject({
      gpus: [{ index: 0, migInstances: [{ id: 2 }, { id: 9 }] }, { index: 1 }],
    })
    expect(on.calls).toEqual(['-L', '-q -x'])
  })

  it('keeps the readings when they cannot be had', async () => {
    const { smi } = looking([reading], () => '')
    expect(await smi.look()).toEqual({ kind: 'readings', gpus: [reading] })
  })

  it('asks no more while a call hangs in the driver', async () => {
    let hangs = true
    const answer = () => new CommandTimeoutError('no answer')
    const { smi, calls } = looking([reading], answer, async () => hangs)
    await smi.look()
    await smi.look()
    expect(calls).toHaveLength(1)
    hangs = false
    await smi.look()
    expect(calls).toHaveLength(2)
  })
})
