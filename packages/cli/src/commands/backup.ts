import { once } from 'node:events'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BackupError, readBackup } from '@navarch/api/backup'
import { CliError, exitCodes } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../output/print.ts'
import { formatBytes } from '../output/quantity.ts'
import { createProgress } from '../output/transfer.ts'
import { watchStalls } from '../stall.ts'

export interface BackupOptions {
  force?: boolean
}

/** Nothing for so long is no progress, ms. */
const stallMs = 60_000

/**
 * `navarch backup FILE`: everything that the control plane has stored, checked while it is written. The file is there whole or
 * not at all.
 */
export async function backup(context: CommandContext, file: string, options: BackupOptions): Promise<number> {
  const toStdout = file === '-'
  const there = toStdout ? undefined : await stat(file).catch(() => undefined)
  if (there?.isDirectory()) throw new CliError(exitCodes.usage, `${file} is a folder`, 'Name a file in it.')
  if (there && !options.force) throw new CliError(exitCodes.usage, `${file} exists`, '--force overwrites it.')
  const client = await context.connect()
  const broken = new AbortController()
  const signal = AbortSignal.any([broken.signal, context.io.signal])
  const source = await client.openBackup(signal)
  const received = watchStalls(source, {
    clock: context.io.clock,
    stallMs,
    onStall: () => broken.abort(new Error(`nothing came for ${stallMs / 1000} s`)),
  })
  const progress = createProgress(context.io, 'backing up')
  const target = toStdout ? undefined : await openPart(file)
  let made: Made
  try {
    const write = target ? target.write : (chunk: Uint8Array) => writeBytes(context.io.bytes, chunk)
    made = await check(
      passing(received, async (chunk) => {
        await write(chunk)
        progress.add(chunk.length)
      }),
    )
    await target?.keep()
  } catch (error) {
    if (context.io.signal.aborted || error instanceof CliError) throw error
    throw brokenOff(error, toStdout ? undefined : file)
  } finally {
    progress.end()
    await target?.close()
  }
  const sentence = `${toStdout ? 'standard output' : file}: ${formatBytes(progress.bytes)}, ${made.rows} rows, as of ${made.createdAt}\n`
  if (toStdout) context.io.stderr.write(sentence)
  else {
    const document = { file, bytes: progress.bytes, rows: made.rows, created_at: made.createdAt }
    await printDocument(context, document, () => sentence)
  }
  return exitCodes.ok
}

interface Made {
  createdAt: string
  rows: number
}

/** Reads a backup to its end. @throws BackupError when it is not whole */
export async function check(file: AsyncIterable<Uint8Array>): Promise<Made> {
  const made = { createdAt: '', rows: 0 }
  for await (const part of readBackup(file)) {
    if ('header' in part) made.createdAt = part.header.created_at
    else if ('rows' in part) made.rows += part.rows.length
  }
  return made
}

async function* passing(
  source: AsyncIterable<Uint8Array>,
  work: (chunk: Uint8Array) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    await work(chunk)
    yield chunk
  }
}

async function writeBytes(out: NodeJS.WritableStream, chunk: Uint8Array): Promise<void> {
  if (!out.write(chunk)) await once(out, 'drain')
}

/** A file under another name beside the one that it is to be. */
interface PartFile {
  write(chunk: Uint8Array): Promise<void>
  /** Puts it on disk under its own name. */
  keep(): Promise<void>
  /** Removes it, unless it was kept. */
  close(): Promise<void>
}

async function openPart(file: string): Promise<PartFile> {
  const part = `${file}.${process.pid}.part`
  const fail = (cause: unknown): never => cannotWrite(file, cause)
  // It has everything in it: for its owner's eyes.
  const handle = await open(part, 'wx', 0o600).catch(fail)
  return {
    write: (chunk) => handle.writeFile(chunk).catch(fail),
    async keep() {
      await handle.sync().catch(fail)
      await rename(part, file).catch(fail)
      const folder = await open(dirname(file))
      await folder.sync().finally(() => folder.close())
    },
    async close() {
      await handle.close()
      await rm(part, { force: true })
    },
  }
}

function cannotWrite(path: string, cause: unknown): never {
  throw new CliError(exitCodes.failed, `cannot write ${path}: ${messageOf(cause)}`, undefined, { cause })
}

function brokenOff(cause: unknown, file: string | undefined): CliError {
  const words =
    cause instanceof BackupError
      ? `the backup is not whole: ${cause.message}`
      : `the backup broke off: ${messageOf(cause)}`
  const remedy =
    file === undefined
      ? 'What was written is no backup.'
      : `${file} was not written. The control plane's log may say more.`
  return new CliError(exitCodes.failed, words, remedy, { cause })
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? messageOf(error.cause) : error.message
}
