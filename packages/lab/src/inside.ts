import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunCommand } from '@navarch/system/run-command'

/** A host as seen from this machine: its control group and the id of its first process. */
export interface HostProcess {
  cgroup: string
  initPid: number
}

/**
 * Runs commands inside a host, as root, in all of its namespaces. A command that outlives its deadline goes on inside
 * until the host ends.
 */
export function runInside(run: RunCommand, { cgroup, initPid }: HostProcess): RunCommand {
  return async (program, args, options) => {
    await mkdir(join(cgroup, 'entered'), { recursive: true })
    const script = `${enterCgroup(cgroup)}; exec nsenter -t ${initPid} -a -- "$@"`
    return run('sh', ['-c', script, 'sh', program, ...args], options)
  }
}

/**
 * The text of a script that runs a client program inside a host with the script's own arguments, input and environment.
 * It stays out of the host's process namespace: that would cost a fork, and killing the script would leave the program.
 * @param pidFile holds the id of the host's first process
 */
export function wrapperScript(cgroup: string, pidFile: string, program: string): string {
  return `#!/bin/sh
read -r pid <${pidFile} || exit 1
${enterCgroup(cgroup)}
exec nsenter -t "$pid" -m -u -i -n -- ${program} "$@"
`
}

/** Shell command that joins the host's control group, so that the host's end ends this process too. */
function enterCgroup(cgroup: string): string {
  return `echo $$ >${join(cgroup, 'entered/cgroup.procs')}`
}
