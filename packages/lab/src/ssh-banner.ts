import { connect } from 'node:net'

/**
 * The identification line of the SSH server at `address`, e.g. `SSH-2.0-OpenSSH_9.2p1`,
 * or undefined when none answers within `deadlineMs`.
 */
export function readSshBanner(address: string, port: number, deadlineMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host: address, port, timeout: deadlineMs })
    const finish = (banner?: string) => {
      socket.destroy()
      resolve(banner)
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
      const line = /^SSH-[^\r\n]*/m.exec(text)
      if (line && /[\r\n]/.test(text.slice(line.index))) finish(line[0])
      else if (text.length > 8192) finish()
    })
    socket.on('timeout', () => finish())
    socket.on('error', () => finish())
    socket.on('close', () => finish())
  })
}
