import type { SlurmConfig } from '../config-record.ts'
import { withoutUndefined } from '../fields.ts'
import {
  asObject,
  type JsonObject,
  parseJsonObject,
  positiveOf,
  requiredTextOf,
  textOf,
  wordsOf,
} from '../json/json-value.ts'

/**
 * Reads slurmrestd's `/conf` (0.0.45).
 * @throws SlurmParseError, SlurmError
 */
export function parseConfJson(body: string, version: string): SlurmConfig {
  const conf = parseJsonObject(body, 'slurm_conf')
  const slurmctldParameters = wordsOf(conf, 'SlurmctldParameters')
  const controllers = Array.isArray(conf['controllers']) ? conf['controllers'] : []
  return withoutUndefined<SlurmConfig>({
    clusterName: requiredTextOf(conf, 'ClusterName'),
    version,
    maxNodeCount: positiveOf(conf, 'MaxNodeCount'),
    resumeProgram: textOf(conf, 'ResumeProgram'),
    resumeTimeoutSeconds: positiveOf(conf, 'ResumeTimeout'),
    slurmdTimeoutSeconds: positiveOf(conf, 'SlurmdTimeout'),
    slurmdPort: wordOf(conf, 'SlurmdPort'),
    slurmUser: textOf(conf, 'SlurmUser'),
    slurmctldParameters,
    configless: slurmctldParameters.some((item) => item.toLowerCase() === 'enable_configless'),
    controllers: controllers.map((item) => {
      const controller = asObject(item, 'controllers')
      const [host, address] = [requiredTextOf(controller, 'machine'), textOf(controller, 'address')]
      return address === undefined ? { host } : { host, address }
    }),
    slurmConf: undefined,
    settings: Object.fromEntries(
      Object.keys(conf).flatMap((key) => {
        const word = wordOf(conf, key) ?? wordsOf(conf, key).join(',')
        return word === '' ? [] : [[key, word]]
      }),
    ),
  })
}

function wordOf(object: JsonObject, key: string): string | undefined {
  const value = object[key]
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : textOf(object, key)
}
