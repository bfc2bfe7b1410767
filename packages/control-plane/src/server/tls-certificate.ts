import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { TlsSpec } from '@navarch/config/navarch-config'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'

/** Certificate, key and rules of TLS as they are used now. */
export interface TlsCertificate {
  /** For a server's own options and for `setSecureContext`. */
  options(): SecureContextOptions & { requestCert: boolean; rejectUnauthorized: boolean }
  /** Calls back when there is another one. The returned function ends it. */
  onChange(listener: () => void): () => void
  /** Looks at the files no more. */
  close(): void
}

/** How often the files are looked at, ms: whoever renews certificates leaves days. */
const lookEveryMs = 10_000

/** The certificate cannot be used; the message names the file and the remedy. */
class CertificateError extends Error {
  override name = 'CertificateError'
  readonly code = 'certificate'
}

/**
 * Reads a certificate and goes on looking at its files. One that was renewed is taken up as soon as all of its files fit
 * together; until then the one before stays.
 * @throws CertificateError when the files cannot be used at the start
 */
export async function openTlsCertificate(
  spec: TlsSpec,
  { clock, log }: { clock: Clock; log: Log },
): Promise<TlsCertificate> {
  const listeners = new Set<() => void>()
  let current = await readCertificate(spec)
  let problem: string | undefined
  let stopped = false
  let cancel = () => {}

  async function look(): Promise<void> {
    try {
      const found = await readCertificate(spec)
      problem = undefined
      if (found.text === current.text || stopped) return
      current = found
      log.info('certificate renewed', { file: spec.certFile })
      for (const listener of listeners) listener()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message !== problem) log.warn('the certificate cannot be renewed; the one before stays', { error: message })
      problem = message
    }
  }

  const schedule = () => {
    cancel = clock.after(lookEveryMs, () => {
      void look().finally(() => {
        if (!stopped) schedule()
      })
    })
  }
  schedule()

  return {
    options: () => current.options,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      stopped = true
      cancel()
    },
  }
}

async function readCertificate({ certFile, keyFile, clientCaFile, minVersion }: TlsSpec) {
  const [cert, key, ca] = await Promise.all([
    readPem(certFile, 'server.tls.cert_file'),
    readPem(keyFile, 'server.tls.key_file'),
    clientCaFile === undefined ? undefined : readPem(clientCaFile, 'server.tls.client_ca_file'),
  ])
  const options = {
    cert,
    key,
    minVersion,
    ...(ca !== undefined && { ca }),
    requestCert: ca !== undefined,
    rejectUnauthorized: ca !== undefined,
  }
  try {
    createSecureContext(options)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const message = `${certFile} and ${keyFile} cannot be used together: ${why}; they must be PEM, the key of that certificate, and without a password`
    throw new CertificateError(message, { cause: error })
  }
  return { options, text: `${cert}\n${key}\n${ca}` }
}

async function readPem(path: string, setting: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CertificateError(`${setting}: ${path} cannot be read: ${why}`, { cause: error })
  }
}
