import type { ReasonWords } from './reason-table.ts'

const pattern = /^(Assoc|QOS)?(Grp|Max|Min)([A-Za-z]*?)(PerJob|PerNode|PerUser|PerAccount|Job)?(?:Limit)?$/

const resources: readonly (readonly [RegExp, string])[] = [
  [/^(?:CPU|Cpu)RunMin/, 'CPU minutes of running jobs'],
  [/RunMin/, 'minutes of running jobs, by resource'],
  [/^(?:CPU|Cpu)Min/, 'CPU minutes'],
  [/Minutes?$|Mins$/, 'minutes of a resource'],
  [/^CPU|^Cpu/, 'CPUs'],
  [/^Mem/, 'memory'],
  [/^Node/, 'nodes'],
  [/^GRES|^Gres/, 'GPUs or other generic resources'],
  [/^Submit|^JobsSubmit/, 'jobs that wait or run'],
  [/^Job/, 'running jobs'],
  [/^Wall/, 'time'],
  [/^License/, 'licenses'],
  [/^Billing/, 'billing units'],
  [/^BB/, 'burst buffer space'],
  [/^Energy/, 'energy'],
  [/^PrioThresh/, 'priority'],
]

/** What `parsePendingReason` knows as a limit of an association, account or QOS, in plain words; undefined for others. */
export function limitWords(code: string): ReasonWords | undefined {
  const match = /^Max[A-Z][A-Za-z]*PerAccount$/.test(code) ? pattern.exec(`Assoc${code}`) : pattern.exec(code)
  if (!match) return undefined
  const [, owner = 'Assoc', kind = '', what = '', per = ''] = match
  const whose = owner === 'QOS' ? 'its QOS' : 'its account'
  const show = owner === 'QOS' ? 'sacctmgr show qos' : 'sacctmgr show assoc'
  const thing = resources.find(([form]) => form.test(what))?.[1] ?? `of a resource (${what || code})`
  if (kind === 'Min') {
    return {
      kind: 'stuck',
      why: `It asks for less than ${whose} demands: ${thing}.`,
      remedy: `Ask for more, or use another one; ${show} has the limit.`,
    }
  }
  if (per === 'PerJob' || per === 'PerNode' || per === 'Job') {
    const each = per === 'PerNode' ? 'on a node' : 'for one job'
    return {
      kind: 'stuck',
      why: `It asks for more than ${whose} allows ${each}: ${thing}.`,
      remedy: `Ask for less; ${show} has the limit.`,
    }
  }
  const who =
    per === 'PerUser' ? 'Its user has' : per === 'PerAccount' ? 'Its account has' : `All jobs of ${whose} have`
  const budget = /[mM]in/.test(what)
  return {
    kind: 'limit',
    why: `${who} as much as ${whose} allows: ${thing}.`,
    remedy: budget
      ? `Wait until past use counts less, or have the limit raised; ${show} has it.`
      : `Wait until some of these jobs end, ask for less, or have the limit raised; ${show} has it.`,
  }
}
