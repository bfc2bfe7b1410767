/** What Slurm's own commands say, in the way in which people and other exporters ask them: nothing of it is shared with ours. */

/** Runs one of Slurm's programs; fails unless it exits 0. */
export type Ask = (program: string, ...args: string[]) => Promise<string>

/** Values by metric and labels, as `parseExposition` has them. */
export type Truth = Map<string, Map<string, number>>

const states: readonly (readonly [RegExp, string])[] = [
  [/^alloc/, 'alloc'],
  [/^comp/, 'comp'],
  [/^down/, 'down'],
  [/^drain/, 'drain'],
  [/^err/, 'err'],
  [/^fail/, 'fail'],
  [/^idle/, 'idle'],
  [/^maint/, 'maint'],
  [/^mix/, 'mix'],
  [/^res/, 'resv'],
  [/^plan/, 'planned'],
  [/^unk/, 'unknown'],
]

/** Asks sinfo, squeue, sdiag, sshare and scontrol. */
export async function askSlurm(ask: Ask): Promise<Truth> {
  const truth: Truth = new Map()
  const set = (name: string, key: string, value: number) =>
    truth.set(name, (truth.get(name) ?? new Map()).set(key, value))
  const add = (name: string, key: string, value: number) => set(name, key, (truth.get(name)?.get(key) ?? 0) + value)
  await askNodes(ask, set, add)
  await askJobs(ask, set, add)
  await askScheduler(ask, set)
  return truth
}

type Put = (name: string, key: string, value: number) => void

async function askNodes(ask: Ask, set: Put, add: Put): Promise<void> {
  const four = (text: string) => text.split('/').map(Number)
  for (const line of lines(await ask('sinfo', '-a', '-h', '-o', '%C')))
    for (const [index, name] of ['alloc', 'idle', 'other', 'total'].entries())
      add(`slurm_cpus_${name}`, '', four(line)[index] ?? Number.NaN)
  for (const line of lines(await ask('sinfo', '-a', '-h', '-o', '%R,%C'))) {
    const [partition = '', cpus = ''] = line.split(',')
    for (const [index, name] of ['allocated', 'idle', 'other', 'total'].entries())
      set(`slurm_partition_cpus_${name}`, partition, four(cpus)[index] ?? Number.NaN)
  }
  for (const [, name] of states) set(`slurm_nodes_${name}`, '', 0)
  const columns = 'NodeList:|,AllocMem:|,Memory:|,CPUsState:|,StateLong:|,Gres:|,GresUsed:|'
  for (const line of new Set(lines(await ask('sinfo', '-a', '-h', '-N', '-O', columns)))) {
    const [node = '', allocMem, memory, cpus = '', status = '', gres = '', used = ''] = line.split('|')
    const bucket = states.find(([pattern]) => pattern.test(status))?.[1] ?? 'other'
    add(`slurm_nodes_${bucket}`, '', 1)
    add('slurm_nodes_total', '', 1)
    const key = `${node} ${status}`
    set('slurm_node_mem_alloc', key, Number(allocMem))
    set('slurm_node_mem_total', key, Number(memory))
    for (const [index, name] of ['alloc', 'idle', 'other', 'total'].entries())
      set(`slurm_node_cpu_${name}`, key, four(cpus)[index] ?? Number.NaN)
    const usable = !/^(drain|down)/.test(status)
    const [total, inUse] = [gpusIn(gres), gpusIn(used)]
    set('slurm_node_gpu_total', key, total)
    set('slurm_node_gpu_alloc', key, inUse)
    add('slurm_gpus_total', '', total)
    add('slurm_gpus_alloc', '', inUse)
    add('slurm_gpus_idle', '', usable ? total - inUse : 0)
    add('slurm_gpus_other', '', usable ? 0 : total - inUse)
    for (const [type, count] of gresIn(gres)) {
      add('slurm_gres_total', type, count)
      add('slurm_gres_used', type, gresIn(used).get(type) ?? 0)
    }
  }
  for (const line of lines(await ask('sinfo', '-a', '-h', '-N', '-o', '%N|%T|%u|%H|%E'))) {
    const [node = '', status = '', user, since, reason] = line.split('|')
    if (/^(drain|down|fail)/.test(status) && reason !== 'none')
      // Where nobody said it, sinfo tells root.
      set('slurm_node_drain_reason_info', `${node} ${status} ${reason} ${since === 'Unknown' ? '' : user}`, 1)
  }
}

/** "gpu:h100:4(S:0-1)" by "gpu h100". */
function gresIn(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of text.replaceAll(/\([^)]*\)/g, '').split(',')) {
    const [name = '', ...rest] = item.split(':').filter((word) => word !== '')
    const count = Number(rest.at(-1))
    if (name !== '' && !Number.isNaN(count)) counts.set(`${name} ${rest.length > 1 ? rest[0] : ''}`, count)
  }
  return counts
}

function gpusIn(text: string): number {
  return [...gresIn(text)].reduce((sum, [key, count]) => (key.startsWith('gpu ') ? sum + count : sum), 0)
}

async function askJobs(ask: Ask, set: Put, add: Put): Promise<void> {
  const names = ['pending', 'running', 'suspended', 'completing', 'configuring', 'completed', 'cancelled', 'failed']
  for (const name of [...names, 'timeout', 'preempted', 'node_fail', 'pending_dependency'])
    set(`slurm_queue_${name}`, '', 0)
  const jobs = lines(await ask('squeue', '-a', '-r', '-h', '--states=all', '-o', '%T|%r|%a|%u|%C|%P'))
  for (const line of jobs) {
    const [state = '', reason = '', account = '', user = '', cpus = '', partitions = ''] = line.split('|')
    const word = state.toLowerCase()
    add(`slurm_queue_${word}`, '', 1)
    if (reason === 'Dependency' && state === 'PENDING') add('slurm_queue_pending_dependency', '', 1)
    if (state === 'PENDING') {
      add('slurm_queue_pending_reason', reason, 1)
      for (const partition of partitions.split(',')) add('slurm_partition_jobs_pending', partition, 1)
    }
    if (!['PENDING', 'RUNNING', 'SUSPENDED'].includes(state)) continue
    add(`slurm_account_jobs_${word}`, account, 1)
    add(`slurm_user_jobs_${word}`, user, 1)
    if (state !== 'RUNNING') continue
    add('slurm_account_cpus_running', account, Number(cpus))
    add('slurm_user_cpus_running', user, Number(cpus))
  }
}

async function askScheduler(ask: Ask, set: Put): Promise<void> {
  const sdiag = await ask('sdiag')
  const wanted = {
    slurm_scheduler_dbd_queue_size: /^DBD Agent queue size: *(\d+)/m,
    slurm_scheduler_jobs_submitted: /^Jobs submitted: *(\d+)/m,
    slurm_scheduler_jobs_started: /^Jobs started: *(\d+)/m,
    slurm_scheduler_jobs_canceled: /^Jobs canceled: *(\d+)/m,
    slurm_scheduler_backfilled_jobs_since_start_total: /backfilled jobs \(since last slurm start\): *(\d+)/,
    slurm_scheduler_backfilled_heterogeneous_total: /backfilled heterogeneous job components: *(\d+)/,
  }
  for (const [name, pattern] of Object.entries(wanted)) set(name, '', Number(pattern.exec(sdiag)?.[1]))
  for (const line of lines(await ask('sshare', '-n', '-P', '-o', 'account,user,fairshare').catch(() => ''))) {
    const [account = '', user, share = ''] = line.split('|')
    if (user === '' && share !== '') set('slurm_account_fairshare', account.trim(), Number(share))
  }
  const reservations = await ask('scontrol', '-o', 'show', 'reservations')
  for (const [, name = '', count] of reservations.matchAll(/^ReservationName=(\S+) .*NodeCnt=(\d+)/gm))
    set('slurm_reservation_nodes_total', name, Number(count))
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}
