import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunCommand, runCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAppendAsUser } from './append-as-user.ts'

const root = process.getuid?.() === 0
/** Users of Debian: nobody, and daemon. */
const [user, other] = [
  { uid: 65_534, gid: 65_534 },
  { uid: 1, gid: 1 },
]
const append = createAppendAsUser(runCommand, process.getuid?.() ?? -1)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'navarch-note-'))
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true }))

function fileOf(owner: { uid: number; gid: number }, name = 'slurm-7.out', mode = 0o644): string {
  const path = join(folder, name)
  writeFileSync(path, 'output\n', { mode })
  chownSync(path, owner.uid, owner.gid)
  return path
}

describe.skipIf(!root)("a note in a user's file", () => {
  it('is appended, and leaves owner, mode and content as they are', async () => {
    const path = fileOf(user, 'a name $(id) with "odd"; characters', 0o600)
    await append({ ...user, path }, 'first\n')
    await append({ ...user, path }, 'second\n')
    expect(readFileSync(path, 'utf8')).toBe('output\nfirst\nsecond\n')
    expect(statSync(path)).toMatchObject({ uid: user.uid, gid: user.gid, mode: 0o100_600 })
  })

  it('is written with the rights of the user alone: not into a folder that is closed to him', async () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    const path = fileOf(user, 'closed/out')
    await expect(append({ ...user, path }, 'x')).rejects.toThrow('it is not there, or its user cannot see it')
    expect(readFileSync(path, 'utf8')).toBe('output\n')
  })

  it('is not written through a link, into a file of another, of root, a folder or a pipe, and makes no file', async () => {
    const target = fileOf(user, 'target')
    const link = join(folder, 'link')
    symlinkSync(target, link)
    await expect(append({ ...user, path: link }, 'x')).rejects.toThrow('it is a symbolic link')
    const open = fileOf(other, 'open', 0o666)
    chmodSync(open, 0o666)
    await expect(append({ ...user, path: open }, 'x')).rejects.toThrow("not the job's user's own")
    const roots = fileOf({ uid: 0, gid: 0 }, 'roots')
    await expect(append({ ...user, path: roots }, 'x')).rejects.toThrow("not the job's user's own")
    const hard = join(folder, 'hard')
    linkSync(roots, hard)
    await expect(append({ ...user, path: hard }, 'x')).rejects.toThrow("not the job's user's own")
    await expect(append({ ...user, path: folder }, 'x')).rejects.toThrow('it is no plain file')
    const pipe = join(folder, 'pipe')
    await runCommand('mkfifo', [pipe], { deadlineMs: 5000 })
    await expect(append({ ...user, path: pipe }, 'x')).rejects.toThrow('it is no plain file')
    const absent = join(folder, 'absent')
    await expect(append({ ...user, path: absent }, 'x')).rejects.toThrow('it is not there')
    expect([target, open, roots].map((path) => readFileSync(path, 'utf8'))).toEqual(Array(3).fill('output\n'))
    expect(existsSync(absent)).toBe(false)
  })

  it('is not written into what took the place of the file since it was looked at', async () => {
    const path = fileOf(user)
    const secret = fileOf({ uid: 0, gid: 0 }, 'secret', 0o600)
    // The user is quicker than the look: dd is what opens.
    const quick: RunCommand = (program, args, options) =>
      runCommand(
        program,
        args.map((arg) => arg.replace('exec dd', `rm "$1"; ln -s ${secret} "$1"; exec dd`)),
        options,
      )
    chmodSync(folder, 0o777)
    await expect(createAppendAsUser(quick, 0)({ ...user, path }, 'x')).rejects.toThrow(/symbolic links|dd/)
    expect(readFileSync(secret, 'utf8')).toBe('output\n')
  })

  it('is written by a child that has lost all groups, capabilities and variables of the agent', async () => {
    const seen = join(folder, 'seen')
    writeFileSync(seen, '')
    chownSync(seen, user.uid, user.gid)
    const curious: RunCommand = (program, args, options) =>
      runCommand(
        program,
        args.map((arg) =>
          arg.replace('exec dd', `{ env; grep -E '^(Uid|Gid|Groups|Cap|NoNew)' /proc/self/status; } >${seen}; exec dd`),
        ),
        { ...options, env: { NAVARCH_AUTH_TOKEN: 'secret' } },
      )
    await createAppendAsUser(curious, 0)({ ...user, path: fileOf(user) }, 'x')
    const text = readFileSync(seen, 'utf8')
    expect(text).not.toContain('secret')
    expect(text).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m)
    expect(text).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m)
    expect(text).toMatch(/^Groups:\t65534 $/m)
    expect(text).toMatch(/^CapEff:\t0{16}$/m)
    expect(text).toMatch(/^NoNewPrivs:\t1$/m)
  })
})

describe('a note', () => {
  it("is not written into root's files", async () => {
    await expect(append({ uid: 0, gid: 0, path: '/x' }, 'x')).rejects.toThrow('of root')
  })

  it('is not written for another user by an agent that is not root', async () => {
    const nothing: RunCommand = () => Promise.reject(new Error('started'))
    await expect(createAppendAsUser(nothing, 1000)({ ...user, path: '/x' }, 'x')).rejects.toThrow('run it as root')
  })

  it('fails with a sentence when the child cannot be started, or does not end', async () => {
    const stuck: RunCommand = () => Promise.reject(new Error('env did not finish within 10000 ms'))
    await expect(createAppendAsUser(stuck, 0)({ ...user, path: '/x' }, 'x')).rejects.toThrow('did not finish within')
  })
})
