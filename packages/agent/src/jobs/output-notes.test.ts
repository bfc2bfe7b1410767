import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AppendAsUser, NotAppended } from './append-as-user.ts'
import { createOutputNotes } from './output-notes.ts'

const epilog = { SLURM_JOB_ID: '7', SLURM_JOB_RESTART_COUNT: '1', SLURM_JOB_UID: '1000', SLURM_JOB_GID: '100' }
const note = { job_id: '7', restart: '1', path: '/home/ann/slurm-7.out', text: 'It failed.\n' }

/** A line feed, or no control character of ASCII and Latin-1. */
const isPlain = (character: string) =>
  character === '\n' || (character >= ' ' && (character < '\u007f' || character > '\u009f'))

function recording() {
  const written: unknown[] = []
  const append: AppendAsUser = async (file, text) => void written.push({ ...file, text })
  return { written, notes: createOutputNotes(append) }
}

describe('a note about a job', () => {
  it('goes into the output file of the user that the epilog named', async () => {
    const { written, notes } = recording()
    notes.onEpilog(epilog)
    expect(await notes.write(note)).toEqual({ success: true, message: 'written to /home/ann/slurm-7.out' })
    expect(written).toEqual([{ uid: 1000, gid: 100, path: '/home/ann/slurm-7.out', text: 'It failed.\n' }])
  })

  it('goes where the epilog says, whatever else is said', async () => {
    const { written, notes } = recording()
    notes.onEpilog({ ...epilog, SLURM_JOB_STDOUT: '/scratch/%j.out' })
    await notes.write(note)
    expect(written).toEqual([expect.objectContaining({ path: '/scratch/7.out' })])
  })

  it('is written once, and a command that comes again has the same answer', async () => {
    const { written, notes } = recording()
    notes.onEpilog(epilog)
    const answers = await Promise.all([notes.write(note), notes.write({ ...note, text: 'more\n' })])
    expect(answers[0]).toEqual(answers[1])
    expect(written).toHaveLength(1)
  })

  it('is refused where no epilog of that run was seen', async () => {
    const { written, notes } = recording()
    notes.onEpilog(epilog)
    for (const other of [{ ...note, job_id: '8' }, { ...note, restart: '0' }, {}]) {
      expect((await notes.write(other)).message).toContain('no epilog of job')
    }
    expect(written).toEqual([])
  })

  it.each([
    ['', 'the job has no output file'],
    ['/dev/null', 'the job has no output file'],
    ['slurm-7.out', 'is no absolute path'],
    ['/home/ann/slurm-%J.out', 'is a pattern'],
    ['/home/ann/a\nb', 'control characters'],
  ])('is not written to %j', async (path, reason) => {
    const { written, notes } = recording()
    notes.onEpilog(epilog)
    expect(await notes.write({ ...note, path })).toMatchObject({
      success: false,
      message: expect.stringContaining(reason),
    })
    expect(written).toEqual([])
  })

  it('has no control characters, which a terminal would act on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 5000 }), async (text) => {
        const { written, notes } = recording()
        notes.onEpilog(epilog)
        const { success } = await notes.write({ ...note, text })
        expect(success).toBe(text !== '' && text.length <= 4096 && [...text].every(isPlain))
        expect(written).toHaveLength(success ? 1 : 0)
      }),
    )
  })

  it('that cannot be written says why, and where', async () => {
    const notes = createOutputNotes(() => Promise.reject(new NotAppended('it is a symbolic link')))
    notes.onEpilog(epilog)
    const { success, message } = await notes.write(note)
    expect(success).toBe(false)
    expect(message).toBe('no note in the output file: /home/ann/slurm-7.out: it is a symbolic link')
  })
})
