import { access, constants, open } from 'node:fs/promises'
import type { Clock } from '@navarch/system/clock'
import { createJournalSource } from './journal.ts'
import type { KernelLogSource } from './kernel-log.ts'
import { createKmsgSource } from './kmsg.ts'
import { createLogFileSource } from './log-file.ts'

export interface KernelLogOptions {
  clock: Clock
  /** A log file to follow in place of the kernel's own log. */
  file?: string
  bootId: string
  /** When this boot began, ms since the epoch. */
  bootedAt: number
}

/** Which log is read, and how. `none`: this process may read neither the kernel's log nor the journal. */
export type OpenedKernelLog =
  | { kind: 'kmsg' | 'journal'; path: string; source: KernelLogSource }
  /** `problem`: why it cannot be read now; it is waited for all the same. */
  | { kind: 'file'; path: string; source: KernelLogSource; problem?: string }
  | { kind: 'none'; reason: string }

/** Chooses the kernel log: the file that was named, else /dev/kmsg, else systemd's journal. */
export async function openKernelLog(options: KernelLogOptions): Promise<OpenedKernelLog> {
  const { clock, bootId, bootedAt, file } = options
  if (file !== undefined) {
    const problem = await whyNotReadable(file)
    const source = createLogFileSource({ clock, bootedAt, path: file })
    return { kind: 'file', path: file, source, ...(problem !== undefined && { problem }) }
  }
  const refused = await whyNotReadable('/dev/kmsg')
  if (refused === undefined) {
    return { kind: 'kmsg', path: '/dev/kmsg', source: createKmsgSource({ clock, bootId, bootedAt }) }
  }
  const journal = await findProgram('journalctl')
  if (journal !== undefined)
    return { kind: 'journal', path: journal, source: createJournalSource({ clock, program: journal }) }
  return { kind: 'none', reason: `/dev/kmsg: ${refused}; journalctl: not found` }
}

/** The permission shows at the opening: with kernel.dmesg_restrict=1 it takes CAP_SYSLOG. */
async function whyNotReadable(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    await file.close()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '/usr/bin:/bin').split(':')) {
    const path = `${folder}/${name}`
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}
