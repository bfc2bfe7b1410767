import { describe, expect, it } from 'vitest'
import { slurmdCgroups } from './slurmd-groups.ts'

describe('slurmdCgroups', () => {
  it("has the groups of root's slurmds, and of nobody else's process of that name", () => {
    const files: Record<string, string> = {}
    const process = (pid: number, name: string, uid: number, group: string) => {
      files[`/proc/${pid}/comm`] = `${name}\n`
      files[`/proc/${pid}/status`] = `Name:\t${name}\nUid:\t${uid}\t0\t0\t0\n`
      files[`/proc/${pid}/cgroup`] = `0::${group}\n`
    }
    process(10, 'slurmd', 0, '/system.slice/slurmd.service')
    process(11, 'slurmd', 4_294_967, '/user.slice/user-1000.slice/user@1000.service/app.slice')
    process(12, 'bash', 0, '/user.slice')
    files['/proc/13/comm'] = 'slurmd\n'
    const tree = { read: (path: string) => files[path], folders: () => ['10', '11', '12', '13', 'self'] }
    expect(slurmdCgroups('/proc', tree)).toEqual(['0::/system.slice/slurmd.service\n'])
  })
})
