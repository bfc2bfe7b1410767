import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createManualClock } from '@navarch/system/manual-clock'
import { afterEach, describe, expect, it } from 'vitest'
import { createPortMux, type PortMux, protocolOf } from './port-mux.ts'

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const muxes: PortMux[] = []
afterEach(() => {
  for (const mux of muxes.splice(0)) {
    mux.server.close()
    mux.destroyAll()
  }
})

async function start() {
  const [http1, http2, clock] = [new EventEmitter(), new EventEmitter(), createManualClock()]
  const mux = createPortMux({ http1, http2, clock, sniffMs: 1000, maxConnections: 10 })
  muxes.push(mux)
  mux.server.listen(0, '127.0.0.1')
  await once(mux.server, 'listening')
  const { port } = mux.server.address() as AddressInfo
  return { http1, http2, clock, mux, dial: () => connect(port, '127.0.0.1').on('error', () => {}) }
}

describe('the port', () => {
  it.each([
    ['GET / HTTP/1.1', 'http1'],
    ['P', undefined],
    ['PRI * HTTP/2.0\r\n', undefined],
    ['PRI * HTTP/1.1', 'http1'],
    [preface, 'http2'],
    [`${preface}more`, 'http2'],
    ['', undefined],
  ])('takes a connection that begins with %j for %s', (text, protocol) => {
    expect(protocolOf(Buffer.from(text))).toBe(protocol)
  })

  it('hands a connection over with every byte that was read, however slowly it came', async () => {
    const { http2, dial } = await start()
    const taken = once(http2, 'connection')
    const client = dial()
    for (const character of preface) {
      client.write(character)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const [socket] = (await taken) as [Socket]
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    expect(bytes.toString()).toBe(preface)
  })

  it('ends a connection that does not say what it is', async () => {
    const { dial, clock, mux } = await start()
    const client = dial()
    await once(mux.server, 'connection')
    client.write('PRI')
    client.resume()
    const ended = once(client, 'close')
    await clock.advance(999)
    expect(client.destroyed).toBe(false)
    await clock.advance(1)
    await ended
  })
})
