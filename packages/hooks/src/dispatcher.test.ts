import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dispatcherText, siteOfDispatcher } from './dispatcher.ts'
import { hookKinds } from './hook-places.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'navarch-dispatcher-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A program that leaves its name, and ends with a status. */
function program(name: string, status: number): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\necho ${name} >>${folder}/ran\nexit ${status}\n`)
  chmodSync(path, 0o755)
  return path
}

function run(key: string, site: string, hook?: string): { status: number | null; ran: string[] } {
  const kind = hookKinds.find((one) => one.key === key)
  if (!kind) throw new Error(key)
  const path = join(folder, 'dispatcher')
  writeFileSync(path, dispatcherText(kind, { site, ...(hook !== undefined && { hook }) }))
  writeFileSync(join(folder, 'ran'), '')
  const { status } = spawnSync('sh', [path], { env: {} })
  return { status, ran: readFileSync(join(folder, 'ran'), 'utf8').split('\n').slice(0, -1) }
}

describe('a dispatcher', () => {
  it('runs the site’s program and then ours', () => {
    expect(run('Prolog', program('site', 0), program('ours', 0))).toEqual({ status: 0, ran: ['site', 'ours'] })
  })

  it('ends as the site’s program does, after a prolog without ours, after an epilog with it', () => {
    expect(run('Prolog', program('site', 7), program('ours', 0))).toEqual({ status: 7, ran: ['site'] })
    expect(run('Epilog', program('site', 7), program('ours', 0))).toEqual({ status: 7, ran: ['site', 'ours'] })
  })

  it('does not mind ours: neither how it ends nor whether it is there', () => {
    expect(run('Prolog', program('site', 0), program('ours', 9)).status).toBe(0)
    expect(run('Prolog', program('site', 0), join(folder, 'absent')).status).toBe(0)
  })

  it('runs all programs of a pattern, and ends with the first status that is not 0', () => {
    const [one, , three] = [program('1.sh', 0), program('2.sh', 3), program('3.sh', 4)]
    chmodSync(one, 0o644)
    expect(run('EpilogSlurmctld', `${folder}/*.sh`)).toEqual({ status: 3, ran: ['2.sh', '3.sh'] })
    expect(run('PrologSlurmctld', `${folder}/*.sh`)).toEqual({ status: 3, ran: ['2.sh'] })
    expect(three).toContain(folder)
    expect(run('EpilogSlurmctld', `${folder}/none/*`)).toEqual({ status: 0, ran: [] })
  })

  it('tells what the site’s own program is', () => {
    const [kind] = hookKinds
    expect(kind && siteOfDispatcher(dispatcherText(kind, { site: '/opt/*', hook: '/x' }))).toBe('/opt/*')
    expect(siteOfDispatcher('#!/bin/sh\n')).toBeUndefined()
  })
})
