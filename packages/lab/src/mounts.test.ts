import { expect, test } from 'vitest'
import { mountsBelow } from './mounts.ts'

test('mounts of a folder are found innermost first, and those of its namesakes are not', () => {
  const mountinfo = [
    '25 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '60 25 0:40 / /run/lab/a rw - tmpfs navarch-lab rw',
    '61 60 0:41 / /run/lab/a/hosts/h\\0401/root rw - overlay navarch-lab-host rw',
    '62 25 0:42 / /run/lab/ab rw - tmpfs navarch-lab rw',
    '',
  ].join('\n')
  expect(mountsBelow(mountinfo, '/run/lab/a')).toEqual(['/run/lab/a/hosts/h 1/root', '/run/lab/a'])
})
