import { parseVersion, type SlurmVersion } from '../capabilities.ts'
import { objectOf, parseBody, textOf } from '../json/json-value.ts'
import { SlurmError } from '../slurm-error.ts'

/** What a slurmrestd serves, and as which of its versions we talk to it. */
export interface RestService {
  /** e.g. "v0.0.42". */
  api: string
  version: SlurmVersion
  /** Undefined before 0.0.40, which does not tell. */
  cluster?: string
  /** Whether a path such as "/node/{node_name}" of slurmctld's part is served with the method. */
  serves(method: 'get' | 'post' | 'delete', path: string): boolean
  /** Whether accounting's part is there in this version. */
  accounting: boolean
}

/** Versions whose JSON we read. */
const oldest = 36
const newest = 45

/**
 * Chooses the version: the named one where it is served, else the newest that we read too.
 * @param document the body of GET /openapi
 * @throws SlurmError `refused` when there is none; SlurmParseError
 */
export function chooseApi(
  document: string,
  named: string | undefined,
): Pick<RestService, 'api' | 'serves' | 'accounting'> {
  const paths = objectOf(parseBody(document), 'paths')
  const served = new Set(
    Object.keys(paths).flatMap((path) => {
      const number = /^\/slurm\/v0\.0\.(\d+)\//.exec(path)?.[1]
      return number === undefined ? [] : [Number(number)]
    }),
  )
  const wanted = Number(/^v?0\.0\.(\d+)$/.exec(named ?? '')?.[1] ?? Number.NaN)
  const common = [...served].filter((number) => number >= oldest && number <= newest)
  if (common.length === 0)
    throw new SlurmError(
      'refused',
      `slurmrestd serves ${[...served].map((number) => `v0.0.${number}`).join(', ') || 'no version of its own'}; v0.0.${oldest} to v0.0.${newest} are known here: set slurm.driver to cli`,
    )
  const api = `v0.0.${common.includes(wanted) ? wanted : Math.max(...common)}`
  const methods = new Map<string, object>()
  for (const [path, operations] of Object.entries(paths))
    if (typeof operations === 'object' && operations !== null) methods.set(path.replace(/\/$/, ''), operations)
  return {
    api,
    serves: (method, path) => method in (methods.get(`/slurm/${api}${path}`) ?? {}),
    accounting: methods.has(`/slurmdb/${api}/job/{job_id}`),
  }
}

/**
 * Reads the release and the cluster's name that every answer tells.
 * @throws SlurmParseError
 */
export function parseMeta(body: string): { version: SlurmVersion; cluster?: string } {
  const meta = objectOf(parseBody(body), 'meta')
  // "Slurm" before 0.0.39.
  const slurm = { ...objectOf(meta, 'Slurm'), ...objectOf(meta, 'slurm') }
  const cluster = textOf(slurm, 'cluster')
  const version = parseVersion(textOf(slurm, 'release') ?? '')
  return cluster === undefined ? { version } : { version, cluster }
}
