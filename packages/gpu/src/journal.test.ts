import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { expect, it } from 'vitest'
import { createJournalSource, parseJournalEntry } from './journal.ts'
import { createMemoryPosition, type KernelLogLine } from './kernel-log.ts'

const entry = (message: unknown) =>
  JSON.stringify({ MESSAGE: message, __REALTIME_TIMESTAMP: '1795248000123456', __CURSOR: 's=1;i=2', _BOOT_ID: 'b' })

it('reads an entry, also one whose message is bytes', () => {
  const line = { text: 'NVRM: x', at: 1_795_248_000_123, id: 's=1;i=2' }
  expect(parseJournalEntry(entry('NVRM: x'))).toEqual({ line, cursor: 's=1;i=2' })
  expect(parseJournalEntry(entry([...Buffer.from('NVRM: x')]))).toEqual({ line, cursor: 's=1;i=2' })
  expect(parseJournalEntry('{"MESSAGE":')).toBeUndefined()
  expect(parseJournalEntry('null')).toBeUndefined()
})

it('follows the program, remembers the cursor and takes it down with itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-journal-'))
  const program = join(folder, 'journalctl')
  const pidFile = join(folder, 'pid')
  await writeFile(
    program,
    `#!/bin/sh\necho $$ "$@" > ${pidFile}\necho '${entry('usb 1-1')}'\necho '${entry('NVRM: Xid (PCI:0000:3b:00): 79')}'\nexec sleep 600\n`,
  )
  await chmod(program, 0o755)
  const lines: KernelLogLine[] = []
  const stop = new AbortController()
  const position = createMemoryPosition()
  const done = createJournalSource({ clock: systemClock, program })(
    { onLine: (line) => lines.push(line), position },
    stop.signal,
  )
  await expect.poll(() => lines.length, { timeout: 5000 }).toBe(1)
  expect(lines[0]?.text).toContain('Xid')
  expect(await position.load()).toBe('s=1;i=2')
  const [pid, ...args] = (await readFile(pidFile, 'utf8')).trim().split(' ')
  expect(args.join(' ')).toBe('-k -f -n all -o json --no-pager --since=-2h')
  stop.abort()
  await done
  await expect.poll(() => isAlive(Number(pid)), { timeout: 5000 }).toBe(false)
  await rm(folder, { recursive: true })
})

it('starts nothing when it is stopped while it looks up its position', async () => {
  const stop = new AbortController()
  const position = {
    ...createMemoryPosition(),
    load: async () => {
      stop.abort()
      return undefined
    },
  }
  await createJournalSource({ clock: systemClock, program: '/nonexistent/journalctl' })(
    { onLine: () => {}, position },
    stop.signal,
  )
})

it('does not pass for an empty journal where it may read none', async () => {
  const look = createJournalSource({ clock: systemClock, program: 'false' })(
    { onLine: () => {}, position: createMemoryPosition(), follow: false },
    new AbortController().signal,
  )
  await expect(look).rejects.toThrow(/false ended with status 1/)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
