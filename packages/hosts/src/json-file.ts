import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A small state file that survives a crash at any moment: it holds either the old value or the new one. */
export interface JsonFile<T> {
  read(): Promise<T>
  /**
   * Replaces the value by what `change` returns. Updates made at the same time run one after the other; when `change`
   * throws, the file stays as it is and the error is the caller's.
   */
  update<R>(change: (value: T) => { value: T; result: R }): Promise<R>
}

/** The file is there and is not what this program wrote. */
export class JsonFileError extends Error {
  override name = 'JsonFileError'
  readonly code = 'json_file'
}

/**
 * A JSON file of this process alone.
 * @param options.parse turns the file's JSON into the value; throws with a reason when it cannot
 * @param options.empty the value when there is no file yet
 */
export function openJsonFile<T>(options: { path: string; parse: (json: unknown) => T; empty: T }): JsonFile<T> {
  const { path, parse, empty } = options
  let last: Promise<unknown> = Promise.resolve()

  const load = async (): Promise<T> => {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return empty
      throw error
    }
    try {
      return parse(JSON.parse(text))
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new JsonFileError(`${path}: ${reason}; restore it from a copy, or move it away to start afresh`, { cause })
    }
  }
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
  return {
    read: () => inTurn(load),
    update: (change) =>
      inTurn(async () => {
        const { value, result } = change(await load())
        await replaceFile(path, `${JSON.stringify(value, null, 2)}\n`)
        return result
      }),
  }
}

/** Writes beside the file and renames over it, so that no reader and no crash ever meets half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const fresh = `${path}.${randomUUID()}`
  try {
    const file = await open(fresh, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}
