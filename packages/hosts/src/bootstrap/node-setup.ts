/** What the product's own bootstrap needs to know to turn a bare machine into a node. */
export interface NodeSetup {
  /** Becomes host name, node id and Slurm NodeName. */
  node: string
  pool: string
  provider: string
  region: string
  zone: string
  instanceType: string
  /** Base URL of the control plane as the machine reaches it. */
  server: string
  /** Address under which the cluster reaches the machine. */
  address: string
  /** What the agent shows to the control plane; absent when it asks for nothing. */
  authToken?: string
  /** Authorities that the control plane's certificate is of, PEM; absent: those that the machine trusts anyway. */
  caCertificate?: string
  /** Absent: the machine does not join a Slurm cluster. */
  slurm?: SlurmSetup
}

export interface SlurmSetup {
  /** Munge's key, raw. Absent: the image has it. */
  mungeKey?: Uint8Array
  config: SlurmConfigSource
  /** `dynamic` registers a name that slurm.conf does not have; the others are names that it has. */
  naming: 'future' | 'cloud' | 'static' | 'dynamic'
  /** Only for `dynamic`: the node's shape, e.g. "Gres=gpu:8 Feature=h100". */
  dynamicConf?: string
}

/**
 * - `configless`: slurmd fetches its configuration from slurmctld at "host:port"
 * - `files`: copies under /etc/slurm
 * - `image`: what the machine already has
 */
export type SlurmConfigSource =
  | { kind: 'configless'; servers: readonly string[] }
  | { kind: 'files'; files: readonly { name: string; content: string }[] }
  | { kind: 'image' }

/** The setup names something that cannot be written into a configuration safely. Nothing was done. */
export class NodeSetupError extends Error {
  override name = 'NodeSetupError'
  readonly code = 'node_setup'
}

const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const plainUrl = /^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._/-]*)?$/
const plainAddress = /^[A-Za-z0-9.:-]+$/
const plainServer = /^[A-Za-z0-9._:[\]-]+$/

/** Checks all that reaches a shell, a unit file or slurmd's options. @throws NodeSetupError */
export function checkNodeSetup(setup: NodeSetup): void {
  const check = (what: string, value: string, pattern: RegExp) => {
    if (!pattern.test(value))
      throw new NodeSetupError(`${what} ${JSON.stringify(value)} is not plain enough to be used`)
  }
  check('node name', setup.node, plainName)
  check('control plane address', setup.server, plainUrl)
  check('machine address', setup.address, plainAddress)
  const { slurm } = setup
  if (!slurm) return
  if (slurm.config.kind === 'configless') {
    if (slurm.config.servers.length === 0) throw new NodeSetupError('configless needs the address of a slurmctld')
    for (const server of slurm.config.servers) check('slurmctld address', server, plainServer)
  }
  if (slurm.config.kind === 'files') for (const { name } of slurm.config.files) check('Slurm file', name, plainName)
  if (slurm.dynamicConf !== undefined) check('dynamic node options', slurm.dynamicConf, /^[A-Za-z0-9._:,=()[\]@/ -]*$/)
}
