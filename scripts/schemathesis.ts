/** Schemathesis (PyPI), which tries an API against its OpenAPI document, in a folder of its own. */
import { access, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '@navarch/system/run-command'

/** Another release may find what this one does not: it is raised by hand. */
const version = '4.32.5'
const folder = '/var/cache/navarch/schemathesis'

/**
 * The program, installed when it is not there yet and `mayInstall` allows it.
 * @returns its path, or why there is none
 */
export async function ensureSchemathesis(mayInstall: boolean): Promise<{ path: string } | { reason: string }> {
  const done = join(folder, `installed-${version}`)
  const path = join(folder, 'bin', 'schemathesis')
  if (await exists(done)) return { path }
  if (!mayInstall) return { reason: `Schemathesis ${version} is not installed` }
  await rm(folder, { recursive: true, force: true })
  for (const [program, ...args] of [
    ['python3', '-m', 'venv', folder],
    [join(folder, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', `schemathesis==${version}`],
  ] as const) {
    const result = await runCommand(program, args, { deadlineMs: 300_000 }).catch((error: unknown) => error)
    if (result instanceof Error) return { reason: `${program}: ${result.message}` }
    const { code, stderr } = result as { code: number | null; stderr: string }
    if (code !== 0) return { reason: `${program} ${args[0]}: ${stderr.trim().split('\n').at(-1)}` }
  }
  await writeFile(done, '')
  return { path }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
