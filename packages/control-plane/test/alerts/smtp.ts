import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** A real SMTP server that keeps what it gets. */
export interface TestSmtp {
  port: number
  mails: { to: string[]; text: string }[]
  /** Status that mails are refused with. */
  refuse: number | undefined
  stop(): Promise<void>
}

export async function startSmtp(): Promise<TestSmtp> {
  const smtp: TestSmtp = { port: 0, mails: [], refuse: undefined, stop: async () => {} }
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onAuth(auth, _session, callback) {
      if (auth.username === 'navarch' && auth.password === 'right horse') callback(null, { user: auth.username })
      else callback(new Error(`no such login: ${auth.password ?? ''}`))
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (smtp.refuse !== undefined) {
          callback(Object.assign(new Error('refused'), { responseCode: smtp.refuse }))
          return
        }
        // Header lines are folded at 76 characters.
        const text = Buffer.concat(chunks)
          .toString()
          .replace(/\r\n[ \t]+/g, ' ')
        smtp.mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text })
        callback()
      })
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  smtp.port = (server.server.address() as AddressInfo).port
  smtp.stop = () => new Promise((resolve) => server.close(() => resolve()))
  return smtp
}
