import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HooksContext } from '@navarch/hooks/install'
import { installHooks, removeHooks } from '@navarch/hooks/install'
import { createMachine } from '@navarch/hooks/machine'
import { type HookRecord, parseHookRecord } from '@navarch/hooks/record'
import { hooksStatus } from '@navarch/hooks/status'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServiceDouble } from '../packages/hooks/test/service-double.ts'
import { type RealSlurm, slurmPlaces, startRealSlurm, until, whyNot } from '../packages/slurm/test/real-slurm.ts'

/** The site's own Epilog, which was there before. */
const siteEpilog = '#!/bin/sh\necho "$SLURM_JOB_ID" >>FOLDER/site-epilog.ran\n'

describe.each(slurmPlaces().map((place) => ({ ...place, reason: whyNot(place) })))(
  'hooks in real Slurm of $name',
  ({ reason, ...place }) => {
    const skipped = reason !== undefined
    let slurm: RealSlurm
    let folder: string
    let context: HooksContext

    beforeAll(async () => {
      if (skipped) return
      slurm = await startRealSlurm(place, {
        async prepare(conf) {
          folder = dirname(conf)
          await mkdir(join(folder, 'notes'))
          await mkdir(join(folder, 'site'))
          await writeFile(join(folder, 'site/epilog'), siteEpilog.replace('FOLDER', folder), { mode: 0o755 })
          await writeFile(conf, `${await readFile(conf, 'utf8')}Epilog=${folder}/site/epilog\n`)
          context = { machine: createMachine(), run: undefined, conf, owner: { uid: 0, gid: 0 } }
          // The machine's own /etc/navarch must not be touched: this installation's files are all in one folder.
          context.machine = within(context.machine, folder)
          await installHooks(context, { agentFolder: '/none' })
          for (const hook of ['prolog', 'epilog', 'prolog.slurmctld', 'epilog.slurmctld']) {
            const path = join(folder, `${hook}.d/50-observability.sh`)
            const text = await readFile(path, 'utf8')
            await writeFile(path, text.replaceAll('/etc/navarch/hooks.env', `${folder}/hooks.env`))
          }
          await writeFile(join(folder, 'hooks.env'), settings('notes'))
        },
      })
    }, 120_000)
    afterAll(() => slurm?.stop(), 60_000)

    const settings = (agent: string, url = 'http://127.0.0.1:9') =>
      `OBSERVABILITY_URL=${url}\nNAVARCH_HOOK_DIR=${folder}/${agent}\nNAVARCH_HOOK_QUEUE=${folder}/queue\nNAVARCH_HOOK_LOG_DIR=${folder}\n`

    async function notesOf(job: string): Promise<HookRecord[]> {
      const names = (await readdir(join(folder, 'notes'))).filter((name) => name.startsWith(`${job}.`))
      const records = await Promise.all(
        names.map(async (name) => parseHookRecord(await readFile(join(folder, 'notes', name)))),
      )
      return records.filter((record) => record !== 'incomplete')
    }

    async function submit(...args: string[]): Promise<string> {
      const { stdout, stderr } = await slurm.run('sbatch', '--parsable', '-o', '/dev/null', ...args)
      expect(stderr).toBe('')
      return stdout.trim()
    }
    const kinds = (records: readonly HookRecord[]) =>
      records.map(({ event, environment }) => `${event} ${environment['SLURMD_NODENAME'] ?? ''}`.trim()).sort()

    it.skipIf(skipped)(
      `each hook of a job of two nodes leaves its note${skipped ? ` (skipped: ${reason})` : ''}`,
      async () => {
        const job = await submit('-N2', '--gres=gpu:2', '-J', 'odd "name"; $(x)', '--wrap', 'exit 3')
        const wanted = ['epilog n1', 'epilog n2', 'epilog_slurmctld', 'prolog n1', 'prolog n2', 'prolog_slurmctld']
        await until(async () => (await notesOf(job)).length === wanted.length, `the notes of job ${job}`)
        const notes = await notesOf(job)
        expect(kinds(notes)).toEqual(wanted)
        const environment = (event: string) => notes.find((note) => note.event === event)?.environment
        expect(environment('prolog')).toMatchObject({
          SLURM_JOB_ID: job,
          SLURM_JOB_USER: 'root',
          SLURM_JOB_GPUS: '0,1',
        })
        expect(environment('epilog')).toMatchObject({ SLURM_JOB_EXIT_CODE: '768' })
        expect(environment('prolog_slurmctld')).toMatchObject({ SLURM_JOB_NAME: 'odd "name"; $(x)' })
        expect(await readFile(join(folder, 'site-epilog.ran'), 'utf8')).toBe(`${job}\n${job}\n`)
      },
      90_000,
    )

    it.skipIf(skipped)(
      'without an agent and without a service the job runs, and its events arrive later',
      async () => {
        await using service = await startServiceDouble()
        service.answer.status = 503
        await writeFile(join(folder, 'hooks.env'), settings('no-agent', service.url))
        const first = await submit('-w', 'n1', '--wrap', 'true')
        await until(async () => (await slurm.run('squeue', '-h', '-j', first)).stdout === '', `the end of job ${first}`)
        service.answer.status = 200
        const second = await submit('-w', 'n1', '--wrap', 'true')
        await service.reach(8)
        const told = service.received.map(
          ({ path, body }) => `${body['job_id']} ${path.slice('/v1/events/job-'.length)}`,
        )
        const both = [first, second].flatMap((job) => [
          `${job} started`,
          `${job} started`,
          `${job} finished`,
          `${job} finished`,
        ])
        expect(told.sort()).toEqual(both.sort())
        expect((await slurm.run('sinfo', '-h', '-N', '-n', 'n1', '-o', '%t %E')).stdout.split('\n')[0]).toBe(
          'idle none',
        )
      },
      90_000,
    )

    it.skipIf(skipped)('the status says that Slurm runs with them, and what its node is', async () => {
      const run: HooksContext['run'] = (program, args) => slurm.run(program, ...args)
      const found = await hooksStatus({ ...context, run }, { fetch, now: 0, node: 'n1' })
      expect(found.find(({ check }) => check === 'scontrol show config')).toMatchObject({ state: 'ok' })
      expect(found.find(({ check }) => check === 'scontrol show node')).toMatchObject({
        state: 'ok',
        text: expect.stringMatching(/^gpu:h100:8/),
      })
      expect(found.filter(({ check, state }) => /^(Prolog|Epilog)/.test(check) && state === 'broken')).toEqual([])
    })

    it.skipIf(skipped)(
      'programs that Slurm runs are kept when the hooks are removed, and no job fails',
      async () => {
        const run: HooksContext['run'] = (program, args) => slurm.run(program, ...args)
        const { kept } = await removeHooks({ ...context, run }, {})
        expect(kept).toContain(`${folder}/navarch-epilog.sh`)
        const conf = await readFile(slurm.conf, 'utf8')
        expect(conf).toContain(`Epilog=${folder}/site/epilog\n`)
        expect(conf).not.toContain('navarch')
        expect((await slurm.run('scontrol', 'reconfigure')).code).toBe(0)
        await until(async () => !(await slurm.run('scontrol', 'show', 'config')).stdout.includes('navarch-epilog.sh'))
        const { changes } = await removeHooks({ ...context, run }, {})
        expect(changes.map(({ path }) => path)).toContain(`${folder}/navarch-epilog.sh`)
        const job = await submit('--wrap', 'true')
        await until(async () => (await slurm.run('scontrol', 'show', 'job', job)).stdout.includes('JobState=COMPLETED'))
      },
      90_000,
    )
  },
)

/** The machine, but for the files that are the same on every machine. */
function within(machine: HooksContext['machine'], folder: string): HooksContext['machine'] {
  const at = (path: string) => (/^\/(etc\/navarch|var\/spool)\b/.test(path) ? join(folder, path) : path)
  return {
    ...machine,
    readText: (path) => machine.readText(at(path)),
    readFile: (path) => machine.readFile(at(path)),
    makeFolder: (path, owner) => machine.makeFolder(at(path), owner),
    apply: (change) => machine.apply({ ...change, path: at(change.path) }),
  }
}
