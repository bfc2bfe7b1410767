import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '@navarch/system/run-command'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const launcher = fileURLToPath(new URL('../bin/navarch.js', import.meta.url))
const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe.skipIf(!hasOpenssl)(
  `a self-signed control plane${hasOpenssl ? '' : ' (skipped: openssl is not installed)'}`,
  () => {
    let folder: string
    let server: Server
    let address: string

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'navarch-cli-'))
      const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
      const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes']
      const made = await runCommand(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-keyout',
          key,
          '-out',
          certificate,
          ...subject,
        ],
        { deadlineMs: 20_000 },
      )
      expect(made.code).toBe(0)
      server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (_request, response) => {
        response.setHeader('content-type', 'application/json').end('[]')
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const bound = server.address()
      address = `https://localhost:${typeof bound === 'object' && bound ? bound.port : 0}`
    })

    afterAll(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    })

    const list = (...flags: string[]) =>
      runCommand(process.execPath, [launcher, 'list', '-o', 'json', '--server', address, ...flags], {
        deadlineMs: 20_000,
      })

    it('is refused, with the way out', async () => {
      const { code, stdout, stderr } = await list()
      expect([code, stdout]).toEqual([4, ''])
      expect(stderr).toContain(
        'its certificate is self-signed (give its authority with --tls-ca; --insecure accepts any)',
      )
    })

    it('is accepted with --insecure', async () => {
      expect(await list('--insecure')).toMatchObject({ code: 0, stdout: '[]\n' })
    })
  },
)
