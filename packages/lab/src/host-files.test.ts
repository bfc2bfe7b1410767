import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findUser, placeFiles } from './host-files.ts'

let dir: string
let root: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'host-files-'))
  root = join(dir, 'root')
  await mkdir(join(root, 'etc'), { recursive: true })
})
afterEach(() => rm(dir, { recursive: true }))

test('files are placed with their mode, in folders made for them', async () => {
  await placeFiles(root, { '/etc/slurm/key': { content: Buffer.from([0, 255]), mode: 0o400 } })
  expect(await readFile(join(root, 'etc/slurm/key'))).toEqual(Buffer.from([0, 255]))
  expect((await stat(join(root, 'etc/slurm/key'))).mode & 0o777).toBe(0o400)
})

test('a link in the way is replaced and what it points to is left alone', async () => {
  await writeFile(join(dir, 'precious'), 'ours')
  await symlink(join(dir, 'precious'), join(root, 'etc/hosts'))
  await placeFiles(root, { '/etc/hosts': { content: 'theirs' } })
  expect(await readFile(join(dir, 'precious'), 'utf8')).toBe('ours')
  expect(await readFile(join(root, 'etc/hosts'), 'utf8')).toBe('theirs')
})

test('a folder that leads out of the host is refused and nothing is made there', async () => {
  await mkdir(join(dir, 'outside'))
  await symlink(join(dir, 'outside'), join(root, 'etc/run'))
  await expect(placeFiles(root, { '/etc/run/deep/file': { content: '' } })).rejects.toThrow('leads out of the host')
  await expect(placeFiles(root, { '/../../file': { content: '' } })).rejects.toThrow('leads out of the host')
  await expect(placeFiles(root, { 'etc/file': { content: '' } })).rejects.toThrow('must be absolute')
  await expect(stat(join(dir, 'outside/deep'))).rejects.toThrow('ENOENT')
})

test('owners are found by name, and an unknown one is an error', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nmunge:x:101:102::/nonexistent:/sbin/nologin\n'
  expect(findUser(passwd, 'munge')).toEqual({ uid: 101, gid: 102 })
  expect(() => findUser(passwd, 'slurm')).toThrow('no user "slurm"')
})
