import { expect, test } from 'vitest'
import { parseCgroupMounts } from './cgroups.ts'

test('both versions of control groups are found beside each other', () => {
  const mounts = [
    'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
    'cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0',
    'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
  ].join('\n')
  expect(parseCgroupMounts(mounts)).toEqual({
    unified: '/sys/fs/cgroup/unified',
    all: ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'],
  })
})

test('a machine without version 2 has none', () => {
  expect(parseCgroupMounts('cgroup /sys/fs/cgroup/cpu cgroup rw 0 0').unified).toBeUndefined()
})
