import type { RunCommand } from '@navarch/system/run-command'

/** Whose file it is, and which. */
export interface UserFile {
  uid: number
  gid: number
  /** Absolute. */
  path: string
}

/**
 * Appends a text to a file with the rights of its user and nothing of our own.
 * @throws NotAppended with the reason; then nothing, or a part where the disk is full, was written
 */
export type AppendAsUser = (file: UserFile, text: string) => Promise<void>

/** Why a text was not appended, as a sentence. */
export class NotAppended extends Error {
  override name = 'NotAppended'
}

/** A file server that hangs must not hold up the next note for long. */
const deadlineMs = 10_000

/**
 * What the child does, as the user: a plain file of his own that is there already, opened without following a link. What he may
 * change between the look and the opening leads only to where he may write himself. dd writes all of it in one go.
 */
const script = `
cd / || exit 9
[ -L "$1" ] && exit 11
[ -e "$1" ] || exit 10
[ -f "$1" ] || exit 12
[ -O "$1" ] || exit 13
exec dd of="$1" bs=65536 iflag=fullblock oflag=append,nofollow,nonblock conv=notrunc,nocreat status=none
`
const reasons: Readonly<Record<number, string>> = {
  10: 'it is not there, or its user cannot see it from this node',
  11: 'it is a symbolic link',
  12: 'it is no plain file',
  13: "it is not the job's user's own",
}

/**
 * @param run starts processes; they have nothing of this process's environment, which may hold tokens
 * @param ownUid the user of this process: only root can become another
 */
export function createAppendAsUser(run: RunCommand, ownUid: number): AppendAsUser {
  return async ({ uid, gid, path }, text) => {
    if (uid === 0) throw new NotAppended('the job is of root, whose files are left alone')
    if (ownUid !== 0 && ownUid !== uid)
      throw new NotAppended(`this agent runs as user ${ownUid} and cannot become user ${uid}: run it as root`)
    const shell = ['/bin/sh', '-c', script, 'navarch-note', path]
    const user = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--no-new-privs', '--inh-caps=-all', '--']
    const command = ownUid === 0 ? ['setpriv', ...user, ...shell] : shell
    const result = await run('/usr/bin/env', ['-i', 'PATH=/usr/bin:/bin', 'LC_ALL=C', ...command], {
      deadlineMs,
      input: text,
      maxOutputBytes: 65_536,
    }).catch((error: unknown) => {
      throw new NotAppended(error instanceof Error ? error.message : String(error), { cause: error })
    })
    if (result.code === 0) return
    const said = result.stderr.trim().split('\n').at(-1)?.slice(0, 300)
    throw new NotAppended(
      reasons[result.code ?? -1] ?? (said || `the child ended with ${result.code ?? result.signal}`),
    )
  }
}
