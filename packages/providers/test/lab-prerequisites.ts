import { missingPrerequisites } from '@navarch/lab/prerequisites'
import { readRoot, type Suite } from '@navarch/lab/roots'

/** Why this machine cannot run lab hosts of a suite, for the title of a skipped test; undefined when it can. */
export async function whyNoLab(suite: Suite): Promise<string | undefined> {
  const { packages, problems } = await missingPrerequisites()
  if (problems.length > 0) return problems.join('; ')
  if (packages.length > 0) return `needs the packages ${packages.join(' ')}`
  return (await readRoot('/var/cache/navarch/lab', suite)) ? undefined : `needs the root file system of ${suite}`
}
