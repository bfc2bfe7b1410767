import {
  baseUrl,
  formatListenAddress,
  httpUrl,
  listenAddress,
  listenAddressOrNone,
  network,
} from '../schema/addresses.ts'
import { list, object, record } from '../schema/containers.ts'
import { choice, duration, text } from '../schema/scalars.ts'
import { key } from '../schema/schema.ts'
import { authKeys } from './auth-keys.ts'
import { tlsKeys } from './tls-keys.ts'

/** Shortest interval that a setting may ask for, ms. */
const shortest = 100

const webhookKeys = {
  cordon_url: key(httpUrl(), 'Called when a node is cordoned.'),
  uncordon_url: key(httpUrl(), 'Called when a node is uncordoned.'),
  drain_url: key(httpUrl(), 'Called when a node is drained.'),
  drain_status_url: key(httpUrl(), 'Asked whether a drain is complete.'),
  timeout: key(duration(shortest), 'Deadline of a call.', { default: 30_000 }),
  headers: key(record(text()), 'Headers of each call.', { secret: true }),
}

const notifierKeys = {
  type: key(choice(['noop', 'webhook']), 'Who is told about cordons and drains.', { default: 'noop' }),
  webhook: key(object(webhookKeys), 'Settings of type webhook.'),
}

const heartbeatInterval = key(duration(shortest), 'How often an agent says that it is alive.', { default: 30_000 })
const healthCheckInterval = key(
  duration(shortest),
  'How often an agent reports in full; faults are reported when they happen.',
  { default: 60_000 },
)

export const serverKeys = {
  address: key(
    listenAddress(),
    `Where the control plane listens; ${formatListenAddress({ host: '0.0.0.0', port: 50051 })} and :50051 mean all addresses.`,
    { default: { host: '0.0.0.0', port: 50051 } },
  ),
  jobs_address: key(
    listenAddressOrNone(),
    'A second port for the job API alone (/v1, /metrics, /docs); none: only the main port has it.',
    { defaultNote: "port 8080 of address's host" },
  ),
  slurm_metrics_address: key(
    listenAddressOrNone(),
    "A port for Slurm's figures for Prometheus alone (/metrics), where Slurm is; none: only the main port has them.",
    { defaultNote: "port 9341 of address's host" },
  ),
  external_address: key(baseUrl(), 'Base URL under which nodes reach the control plane.', {
    defaultNote: 'the address from which this machine reaches the node',
  }),
  trusted_proxies: key(
    list(network(), 'a list of IP addresses and networks such as 10.0.0.0/8'),
    'Proxies before the control plane: X-Forwarded-For is believed of them alone, and external_address tells of TLS for what comes by them alone.',
    { defaultNote: 'none is known' },
  ),
  heartbeat_interval: heartbeatInterval,
  heartbeat_timeout: key(duration(), "Silence after which a node's health is unknown; 0 means the default.", {
    defaultNote: '3 x heartbeat_interval',
  }),
  health_check_interval: healthCheckInterval,
  autoscale_interval: key(duration(shortest), 'How often the size of each pool is decided.', { default: 30_000 }),
  health_policy: key(text('a path'), 'Path of a health policy file.', { inactive: 'the built-in classes hold' }),
  notifier: key(object(notifierKeys), 'Who is told about cordons and drains.', { inactive: 'nobody is told' }),
  tls: key(object(tlsKeys), 'Encryption of the ports; absent: there is none.'),
  auth: key(object(authKeys), 'Who may do what, beside the token that the control plane is started with.'),
}

const globalAgentKeys = {
  server: key(baseUrl(), 'The same as `server.external_address`.'),
  heartbeat_interval: key(duration(shortest), 'The same as `server.heartbeat_interval`.'),
  health_check_interval: key(duration(shortest), 'The same as `server.health_check_interval`.'),
}

/** Settings of the agents under `global`, the list dialect's place for them. */
export const globalAgent = key(object(globalAgentKeys), 'Settings of the agents.')
