import type { HookEvent } from '../src/record.ts'

/** The parts of a hook, in their order: files of this folder without `.sh`. What a hook does not need is not in it. */
const parts: Readonly<Record<HookEvent, readonly string[]>> = {
  prolog: ['nodes', 'gpus', 'cgroup', 'started', 'started-here'],
  epilog: ['cgroup', 'finished', 'finished-here'],
  prolog_slurmctld: ['nodes', 'started', 'started-whole'],
  epilog_slurmctld: ['finished', 'finished-whole'],
}
const before = ['settings', 'note', 'surroundings', 'json']
const after = ['deliver']

const heads: Readonly<Record<HookEvent, string>> = {
  prolog:
    "Prolog: tells that a job starts on this node. To be run by slurmd as root; copy it into the folder of Prolog's pattern.",
  epilog:
    "Epilog: tells that a job has ended on this node. To be run by slurmd as root; copy it into the folder of Epilog's pattern.",
  prolog_slurmctld:
    'PrologSlurmctld: tells of the name and the array of a job that starts. To be run by slurmctld, as SlurmUser.',
  epilog_slurmctld:
    'EpilogSlurmctld: tells that a job has ended on all its nodes. To be run by slurmctld, as SlurmUser.',
}

/** Where each hook lies in the repository. */
const paths: Readonly<Record<HookEvent, string>> = {
  prolog: 'scripts/slurm/prolog.sh',
  epilog: 'scripts/slurm/epilog.sh',
  prolog_slurmctld: 'scripts/slurm/prolog.slurmctld.sh',
  epilog_slurmctld: 'scripts/slurm/epilog.slurmctld.sh',
}

/**
 * Puts the hooks together, each one whole in itself, since sites copy single files.
 * @param readPart the text of a file of this folder
 * @returns contents by path from the repository's root: the four scripts, and a module that holds them
 */
export async function assembleHooks(readPart: (name: string) => Promise<string>): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const texts: [HookEvent, string][] = []
  for (const [event, own] of Object.entries(parts) as [HookEvent, readonly string[]][]) {
    const bodies = await Promise.all([...before, ...own, ...after].map((name) => readPart(`${name}.sh`)))
    const kind = event.startsWith('prolog') ? 'started' : 'finished'
    const text = `#!/bin/sh
# Navarch, ${heads[event]}
# Settings: /etc/navarch/hooks.env. More: docs/hooks.md. Made of packages/hooks/scripts by \`npm run generate\`.
event=${event} kind=${kind}

${bodies.join('')}`
    files.set(paths[event], text)
    texts.push([event, text])
  }
  const entries = texts.map(([event, text]) => `  ${event}: ${JSON.stringify(text)},\n`)
  files.set(
    'packages/hooks/src/hook-scripts.generated.ts',
    `// Made of packages/hooks/scripts by \`npm run generate\`.\nimport type { HookEvent } from './record.ts'\n\n/** The scripts of scripts/slurm, for programs that install them. */\nexport const hookScripts: Readonly<Record<HookEvent, string>> = {\n${entries.join('')}}\n`,
  )
  return files
}
