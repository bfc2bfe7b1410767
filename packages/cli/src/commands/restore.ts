import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { BackupError, type RestoreJson } from '@navarch/api/backup'
import { CliError, exitCodes } from '../cli-error.ts'
import type { Client } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../output/print.ts'
import { createProgress, type Progress } from '../output/transfer.ts'
import { watchStalls } from '../stall.ts'
import { check } from './backup.ts'

/** Nothing for so long is no progress, ms. */
const stallMs = 60_000
/** How often the control plane is asked whether it is back, and for how long, ms. */
const askMs = 500
const backMs = 30 * 60_000

/** `navarch restore FILE`: puts a backup in place of all that the control plane has stored, and waits until that is done. */
export async function restore(context: CommandContext, file: string): Promise<number> {
  const { io } = context
  if (file === '-')
    throw new CliError(exitCodes.usage, 'restore reads its file twice, first to check it', 'Write it to a file first.')
  const { size } = await stat(file).catch((cause: unknown) => cannotRead(file, cause))
  // What is wrong with the file is found here, before anything is sent.
  const checking = createProgress(io, 'checking', size)
  await check(counted(file, checking))
    .catch((cause: unknown) => cannotRestore(file, cause))
    .finally(() => checking.end())

  const client = await context.connect()
  const stalled = new AbortController()
  const sending = createProgress(io, 'sending', size)
  const source = watchStalls(counted(file, sending), {
    clock: io.clock,
    stallMs,
    onStall: () => stalled.abort(`nothing was taken for ${stallMs / 1000} s`),
  })
  const { id } = await client.sendBackup(source, stalled.signal).finally(() => sending.end())
  if (io.stderr.isTTY) io.stderr.write('the control plane takes it over ...')
  const done = await untilBack(context, client, id).finally(() => {
    if (io.stderr.isTTY) io.stderr.write('\r\u001b[K')
  })
  if (done.state === 'failed') {
    throw new CliError(exitCodes.failed, `not restored: ${done.error}`, 'Everything is as it was before.')
  }
  const rows = Object.values(done.rows).reduce((sum, count) => sum + count, 0)
  await printDocument(context, done, () => `restored ${rows} rows, as of ${done.backup_created_at}\n`)
  return exitCodes.ok
}

/** The control plane starts again meanwhile: that it does not answer, or has not begun yet, is no failure. */
async function untilBack({ io }: CommandContext, client: Client, id: string): Promise<RestoreJson> {
  const giveUpAt = io.clock.now() + backMs
  for (;;) {
    try {
      const last = await client.get<RestoreJson>('restore')
      if (last.id === id) return last
    } catch (error) {
      if (!(error instanceof CliError) || io.signal.aborted) throw error
    }
    if (io.clock.now() > giveUpAt) {
      throw new CliError(
        exitCodes.unreachable,
        `restore ${id} is decided, and the control plane has not come back within ${backMs / 60_000} minutes`,
        'Its log says why.',
      )
    }
    await io.clock.sleep(askMs, io.signal)
  }
}

async function* counted(file: string, progress: Progress): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file)) {
    progress.add(chunk.length)
    yield chunk
  }
}

function cannotRestore(file: string, cause: unknown): never {
  if (!(cause instanceof BackupError)) cannotRead(file, cause)
  throw new CliError(exitCodes.usage, `${file}: ${cause.message}`, 'Nothing was sent.', { cause })
}

function cannotRead(file: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new CliError(exitCodes.usage, `cannot read ${file}: ${reason}`, undefined, { cause })
}
