import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { afterEach } from 'vitest'
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/start-server.ts'
import { createServicesDouble, type ServicesDouble } from './services-double.ts'

export interface TestServer extends RunningServer {
  double: ServicesDouble
}

const running = new Set<RunningServer>()
afterEach(async () => {
  await Promise.all([...running].map((server) => server.close(200)))
  running.clear()
})

/** The real server on a free port of loopback, over a services double; ended after the test. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const double = createServicesDouble()
  const server = await startServer({
    address: { host: '127.0.0.1', port: 0 },
    services: double.services,
    log: silentLog,
    clock: systemClock,
    newId: () => 'id-1',
    ...options,
  })
  running.add(server)
  return { ...server, double }
}
