import { spawnSync } from 'node:child_process'
import {
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { createLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followHookFolder, type HookNote, makeHookFolder } from './hook-folder.ts'

const until = (condition: () => unknown) =>
  expect.poll(() => Boolean(condition()), { timeout: 10_000, interval: 5 }).toBe(true)

describe('followHookFolder', () => {
  let dir: string
  let lines: string[]
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'navarch-hooks-'))
    lines = []
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  const note = (job: string) => `NAVARCH_HOOK=1\0NAVARCH_EVENT=prolog\0NAVARCH_AT=\0SLURM_JOB_ID=${job}\0END\0`
  const jobOf = ({ record }: HookNote) => record.environment['SLURM_JOB_ID']
  function follow(take: (note: HookNote) => Promise<void>) {
    const stop = new AbortController()
    const log = createLog((line) => lines.push(line), { now: () => 0 })
    const done = followHookFolder({ dir, clock: systemClock, log, take, scanMs: 3_600_000 }, stop.signal)
    const end = async () => {
      stop.abort()
      await done
    }
    return { [Symbol.asyncDispose]: end }
  }

  it('takes what is there, the oldest first, and then what comes', async () => {
    for (const [name, second] of [
      ['x', 30],
      ['y', 10],
      ['z', 20],
    ] as const) {
      writeFileSync(join(dir, name), note(name))
      utimesSync(join(dir, name), second, second)
    }
    const taken: (string | undefined)[] = []
    await using _ = follow(async (one) => void taken.push(jobOf(one)))
    await until(() => taken.length === 3)
    expect(taken).toEqual(['y', 'z', 'x'])
    writeFileSync(join(dir, 'w'), note('w'))
    await until(() => taken.length === 4)
    await until(() => readdirSync(dir).length === 0)
  })

  it('takes the start of a job before its end where both have one time', async () => {
    for (const name of ['812.epilog.n1.7', '812.prolog.n1.6']) {
      writeFileSync(join(dir, name), note(name))
      utimesSync(join(dir, name), 10, 10)
    }
    const taken: (string | undefined)[] = []
    await using _ = follow(async (one) => void taken.push(jobOf(one)))
    await until(() => taken.length === 2)
    expect(taken).toEqual(['812.prolog.n1.6', '812.epilog.n1.7'])
  })

  it.skipIf(process.getuid?.() !== 0)(
    "believes SlurmUser what slurmctld's hooks say, and nothing of a node's",
    async () => {
      for (const event of ['prolog', 'epilog', 'prolog_slurmctld', 'epilog_slurmctld']) {
        writeFileSync(join(dir, event), note(event).replace('EVENT=prolog', `EVENT=${event}`))
        chownSync(join(dir, event), 64_030, 64_030)
      }
      const taken: (string | undefined)[] = []
      await using _ = follow(async (one) => void taken.push(jobOf(one)))
      await until(() => taken.length === 2 && lines.length === 2)
      expect(taken.sort()).toEqual(['epilog_slurmctld', 'prolog_slurmctld'])
      expect(readdirSync(join(dir, 'broken')).sort()).toEqual(['epilog', 'prolog'])
      expect(lines.join()).toContain('user 64030 wrote it, and prolog is run by slurmd, as root')
    },
  )

  it("tells when the hook ran, by its record or else by the file's time", async () => {
    writeFileSync(join(dir, 'a'), note('a'))
    utimesSync(join(dir, 'a'), 1000.5, 1000.5)
    writeFileSync(join(dir, 'b'), note('b').replace('NAVARCH_AT=', 'NAVARCH_AT=1795235172'))
    const times: number[] = []
    await using _ = follow(async ({ at }) => void times.push(at))
    await until(() => times.length === 2)
    expect(times).toEqual([1_000_500, 1_795_235_172_000])
  })

  it('keeps a file until its note is safe, and takes it again when it could not be made so', async () => {
    let tries = 0
    writeFileSync(join(dir, 'a'), note('a'))
    await using _ = follow(async () => {
      if (++tries === 1) throw new Error('the disk is full')
    })
    await until(() => tries === 1)
    await until(() => lines.some((line) => line.includes('the disk is full')))
    expect(readdirSync(dir)).toEqual(['a'])
    writeFileSync(join(dir, 'b'), note('b'))
    await until(() => readdirSync(dir).length === 0)
    expect(tries).toBe(3)
  })

  it('takes on while a note is not safe, and takes none twice', async () => {
    const safe = Promise.withResolvers<void>()
    const taken: (string | undefined)[] = []
    writeFileSync(join(dir, 'a'), note('a'))
    await using _ = follow((one) => {
      taken.push(jobOf(one))
      return jobOf(one) === 'a' ? safe.promise : Promise.resolve()
    })
    await until(() => taken.length === 1)
    writeFileSync(join(dir, 'b'), note('b'))
    await until(() => readdirSync(dir).join() === 'a')
    safe.resolve()
    await until(() => readdirSync(dir).length === 0)
    expect(taken).toEqual(['a', 'b'])
  })

  it('goes on when what it cannot read cannot be set aside', async () => {
    writeFileSync(join(dir, 'broken'), 'a file where the folder should be')
    const taken: (string | undefined)[] = []
    await using _ = follow(async (one) => void taken.push(jobOf(one)))
    await until(() => lines.some((line) => line.includes('cannot be set aside')))
    writeFileSync(join(dir, 'a'), note('a'))
    await until(() => taken.join() === 'a')
  })

  it('waits for a file that is being written', async () => {
    const taken: (string | undefined)[] = []
    await using _ = follow(async (one) => void taken.push(jobOf(one)))
    writeFileSync(join(dir, 'a'), note('a').slice(0, 30))
    writeFileSync(join(dir, 'b'), note('b'))
    await until(() => taken.length === 1)
    writeFileSync(join(dir, 'a'), note('a'))
    await until(() => taken.length === 2)
    expect(taken).toEqual(['b', 'a'])
    expect(lines).toEqual([])
  })

  it('sets aside what was cut short long ago, what no hook wrote, and what is no file, and follows no link', async () => {
    const secret = join(dir, '.secret')
    writeFileSync(secret, note('secret'))
    writeFileSync(join(dir, 'cut'), note('cut').slice(0, 30))
    utimesSync(join(dir, 'cut'), 1000, 1000)
    writeFileSync(join(dir, 'foreign'), 'hello\0END\0')
    symlinkSync(secret, join(dir, 'link'))
    spawnSync('mkfifo', [join(dir, 'pipe')])
    const taken: unknown[] = []
    await using _ = follow(async (one) => void taken.push(one))
    await until(() => lines.length === 4)
    expect(readdirSync(join(dir, 'broken')).sort()).toEqual(['cut', 'foreign', 'link', 'pipe'])
    expect(readFileSync(secret, 'utf8')).toBe(note('secret'))
    expect(taken).toEqual([])
    renameSync(secret, join(dir, 'secret'))
    await until(() => taken.length === 1)
  })
})

describe('makeHookFolder', () => {
  it.skipIf(process.getuid?.() !== 0)("is root's alone, or its group's to write to and not to list", async () => {
    const parent = mkdtempSync(join(tmpdir(), 'navarch-hooks-'))
    try {
      await makeHookFolder(join(parent, 'a'), undefined)
      await makeHookFolder(join(parent, 'b'), 1234)
      expect(statSync(join(parent, 'a')).mode & 0o7777).toBe(0o700)
      expect(statSync(join(parent, 'b'))).toMatchObject({ gid: 1234, uid: 0 })
      expect(statSync(join(parent, 'b')).mode & 0o7777).toBe(0o1730)
    } finally {
      rmSync(parent, { recursive: true })
    }
  })
})
