import { type Finding, findings } from './finding.ts'
import { agentFolder, settingsFile } from './hook-places.ts'

/** How far hooks get from this machine. */
export interface ReachFacts {
  /** The agent's folder; undefined where no agent has run. Files in it wait for the agent. */
  agent: { waiting: number; oldestMs: number } | undefined
  /** Events in the queues that the service has not taken. */
  queued: number
  refused: number
  service: ServiceFacts
  settings: SettingsFacts | undefined
  /** Where curl is; undefined when it is not there. */
  curl: string | undefined
  setsid: string | undefined
}

/** Where the service is, and how it answered. */
export interface ServiceFacts {
  url: string
  /** Whether the settings name it; else it is where hooks look by default. */
  named: boolean
  /** `refused`: nobody listens there. `timeout`: no answer at all, as a firewall does it. `image`: it was not asked. */
  answer:
    | { kind: 'image' }
    | { kind: 'health'; status: string; version: string }
    | { kind: 'http'; status: number }
    | { kind: 'name' | 'refused' | 'timeout' | 'other' | 'url'; message: string }
}

/** What /etc/navarch/hooks.env holds. */
export interface SettingsFacts {
  /** 1-based lines that no hook understands. */
  unknownLines: readonly number[]
  hasToken: boolean
  mode: number
  /** Whether SlurmUser can read it; undefined where it is not known who that is. */
  readableBySlurmUser: boolean | undefined
}

/** An agent that runs takes a file within moments. */
const longestWaitMs = 60_000

/** Whether what hooks tell arrives: by the agent, or at the service. */
export function checkReach(facts: ReachFacts): Finding[] {
  return [checkAgent(facts), ...checkSettings(facts), ...checkService(facts), ...checkQueue(facts)]
}

function checkAgent({ agent }: ReachFacts): Finding {
  const { ok, warning, broken } = findings('agent')
  if (!agent)
    return warning(
      `no agent: ${agentFolder} is not there, and hooks send to the service themselves`,
      'Install navarch-node here, for measurements and for hooks of half a millisecond.',
    )
  if (agent.waiting > 0 && agent.oldestMs > longestWaitMs)
    return broken(
      `${agent.waiting} files wait in ${agentFolder}, the oldest for ${Math.round(agent.oldestMs / 1000)} s: the agent does not run`,
      'systemctl start navarch-node; without an agent, delete that folder when it is empty.',
    )
  return ok(`takes up ${agentFolder}`)
}

function checkSettings({ settings }: ReachFacts): Finding[] {
  const { ok, warning, broken } = findings(settingsFile)
  if (!settings) return []
  const [line] = settings.unknownLines
  if (line !== undefined)
    return [warning(`line ${line} is no setting that hooks know`, 'Write NAME=value; docs/hooks.md has the names.')]
  if (settings.hasToken && (settings.mode & 0o004) !== 0)
    return [
      broken(`everybody may read the token in it (mode ${settings.mode.toString(8)})`, `chmod 0640 ${settingsFile}`),
    ]
  if (settings.readableBySlurmUser === false)
    return [
      warning(
        'SlurmUser cannot read it, and slurmctld runs its hooks as SlurmUser',
        `chgrp it to SlurmUser's group and chmod 0640 ${settingsFile}`,
      ),
    ]
  return [ok('read')]
}

function checkService({ agent, service, curl, setsid }: ReachFacts): Finding[] {
  const { ok, warning, broken } = findings('service')
  const { url, named, answer } = service
  if (agent && !named && answer.kind !== 'health' && answer.kind !== 'image')
    return [ok('the agent takes what hooks tell; they would send to the service where none ran')]
  // Where an agent runs, hooks do not need the service themselves.
  const bad = agent ? warning : broken
  const found: Finding[] = []
  if (!agent && !curl)
    found.push(broken('curl is not in /usr/bin, /bin or /usr/local/bin', 'Install curl, or the agent.'))
  if (!agent && !setsid)
    found.push(warning('setsid is not there: jobs wait for the service at each start', 'Install util-linux.'))
  if (answer.kind === 'image') return found
  if (answer.kind === 'health')
    found.push(
      answer.status === 'healthy'
        ? ok(`${url} is healthy (${answer.version})`)
        : warning(`${url} says that it is ${answer.status}`, "Look at the service's own log."),
    )
  else if (answer.kind === 'http')
    found.push(
      bad(
        `${url}/v1/health answered ${answer.status}`,
        `Is that the service? Set OBSERVABILITY_URL in ${settingsFile}.`,
      ),
    )
  else
    found.push(
      bad(
        `${url}: ${answer.message}`,
        {
          url: `Set OBSERVABILITY_URL=http://host:8080 in ${settingsFile}.`,
          name: 'The name is not known here: correct OBSERVABILITY_URL, /etc/hosts or DNS (getent hosts NAME).',
          refused: 'Nobody listens there: is the service running, and is the port right?',
          timeout: 'No answer at all: a firewall between this machine and the service must let its port through.',
          other: `curl -v ${url}/v1/health shows more.`,
        }[answer.kind],
      ),
    )
  return found
}

function checkQueue({ queued, refused }: ReachFacts): Finding[] {
  const { warning } = findings('unsent events')
  return [
    ...(queued > 0
      ? [warning(`${queued} events wait for the service`, 'The next hook sends them once the service answers.')]
      : []),
    ...(refused > 0
      ? [
          warning(
            `${refused} events were refused by the service`,
            "The hooks' log, /var/log/slurm/observability-*.log, has its reasons.",
          ),
        ]
      : []),
  ]
}
