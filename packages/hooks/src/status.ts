import { checkPrograms } from './check-programs.ts'
import { checkReach } from './check-reach.ts'
import { checkSlurmConf } from './check-slurm-conf.ts'
import { checkTools } from './check-tools.ts'
import { readConf } from './conf-text.ts'
import { type Finding, findings } from './finding.ts'
import { gatherConfFacts, gatherPrograms, gatherTools } from './gather-facts.ts'
import { gatherReach } from './gather-reach.ts'
import { HooksError } from './hooks-error.ts'
import type { HooksContext } from './install.ts'
import { findSlurmConf, readConfFiles } from './slurm-here.ts'

/** Checks everything on this machine that job observability rests on; of an image, without `context.run`, what its files tell. */
export async function hooksStatus(
  context: HooksContext,
  outside: { fetch: typeof fetch; now: number; node: string },
): Promise<Finding[]> {
  const { machine, run, conf: named } = context
  const { ok, broken } = findings('slurm.conf')
  const found: Finding[] = []
  let conf: Awaited<ReturnType<typeof readConfFiles>> | undefined
  try {
    const { path, folder, copy } = await findSlurmConf(machine, run, named)
    conf = await readConfFiles(machine, path)
    readConf(conf)
    found.push(ok(copy ? `${path}, sent by slurmctld` : path))
    found.push(...checkPrograms(await gatherPrograms(context, conf)))
    // slurmctld sends the other files beside its copy of slurm.conf.
    const beside = copy ? path.slice(0, path.lastIndexOf('/')) : folder
    found.push(...checkSlurmConf(await gatherConfFacts(context, { conf, folder: beside, node: outside.node })))
  } catch (error) {
    if (!(error instanceof HooksError)) throw error
    found.push(broken(error.message, error.remedy))
  }
  const image = run ? [] : [ofImage()]
  const tools = run ? checkTools(await gatherTools(context)) : []
  return [...found, ...tools, ...checkReach(await gatherReach(context, conf, outside)), ...image]
}

/** This machine's network, kernel and devices are not those that the image will meet. */
function ofImage(): Finding {
  return findings('image').unknown(
    'not looked at, since nothing runs in an image: Slurm, the service, control groups, GPUs and their devices',
    'Run navarch hooks status on a machine that was booted from it.',
  )
}
