import { chmod, chown, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LabError } from './errors.ts'

/** A file to place in a host before it boots. */
export interface HostFile {
  content: string | Uint8Array
  /** Default 0o644. */
  mode?: number
  /** A user of the host's `/etc/passwd`, who owns it with their group. Default root. */
  owner?: string
}

/** Places files, by absolute path, below `root`. Folders are made; a link in the way is replaced, never followed. */
export async function placeFiles(root: string, files: Readonly<Record<string, HostFile>>): Promise<void> {
  for (const [path, file] of Object.entries(files)) {
    const target = await insideRoot(root, path)
    await rm(target, { force: true })
    await writeFile(target, file.content, { mode: 0o600 })
    if (file.owner !== undefined) {
      const { uid, gid } = findUser(await readFile(join(root, 'etc/passwd'), 'utf8'), file.owner)
      await chown(target, uid, gid)
    }
    await chmod(target, file.mode ?? 0o644)
  }
}

/** Finds a user's ids in the text of `/etc/passwd`. */
export function findUser(passwd: string, name: string): { uid: number; gid: number } {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find((row) => row[0] === name)
  if (!fields) throw new LabError(`the host has no user "${name}"`)
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}

/** An absolute link on the way would lead out of the host's tree, to this machine's own files. */
async function insideRoot(root: string, path: string): Promise<string> {
  if (!path.startsWith('/')) throw new LabError(`file "${path}": its path must be absolute`)
  let folder = await realpath(root)
  for (const part of dirname(path).split('/').filter(Boolean)) {
    const next = join(folder, part)
    await mkdir(next).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    folder = await realpath(next)
    if (!`${folder}/`.startsWith(`${root}/`)) throw new LabError(`file "${path}": ${next} leads out of the host`)
  }
  return join(folder, basename(path))
}
