import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const dirs: string[] = []
afterAll(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})

export interface TestAuthority {
  dir: string
  /** Its own certificate, PEM, and the file that has it. */
  ca: string
  caFile: string
  /** Issues a certificate for localhost and 127.0.0.1, or for a client. @returns its files */
  issue(name: string, serial: number): { certFile: string; keyFile: string }
}

/** A real authority, by openssl. */
export function createAuthority(): TestAuthority {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-tls-'))
  dirs.push(dir)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe', encoding: 'utf8' })
  const keyArgs = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...keyArgs,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
  )
  writeFileSync(join(dir, 'ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  return {
    dir,
    ca: openssl('x509', '-in', 'ca.pem'),
    caFile: join(dir, 'ca.pem'),
    issue(name, serial) {
      openssl('req', '-new', ...keyArgs, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
      const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', String(serial), '-days', '2']
      openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-extfile', 'ext', '-out', `${name}.pem`)
      return { certFile: join(dir, `${name}.pem`), keyFile: join(dir, `${name}.key`) }
    },
  }
}
