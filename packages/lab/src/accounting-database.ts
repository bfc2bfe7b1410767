import { chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cgroupPath } from './cgroups.ts'
import type { LabContext } from './context.ts'
import { startDetached } from './detached.ts'
import { LabError, LabUnavailableError } from './errors.ts'
import type { HostFile } from './host-files.ts'
import type { Lab } from './lab.ts'
import { mustRun } from './must-run.ts'

/** A MariaDB of the lab's own, on this machine; it ends with the lab. */
export interface AccountingDatabase {
  host: string
  port: number
  user: string
  password: string
}

const port = 13_306
const credentials = { user: 'slurm', password: 'slurm' }

/**
 * Starts MariaDB on the lab's bridge for slurmdbd, in a folder of the lab.
 * @throws LabUnavailableError when this machine has none; LabError when it does not answer within 30 s
 */
export async function startAccountingDatabase(context: LabContext, lab: Lab): Promise<AccountingDatabase> {
  const { run, clock } = context
  const dir = join(lab.dir, 'accounting')
  const data = join(dir, 'data')
  await mkdir(data, { recursive: true })
  const owner = await run('id', ['-u', 'mysql'], { deadlineMs: 10_000 })
  if (owner.code !== 0) throw new LabUnavailableError('accounting needs MariaDB: install mariadb-server')
  const uid = Number(owner.stdout)
  const gid = Number(await mustRun(run, 'id', ['-g', 'mysql']))
  for (const path of [dir, data]) await chown(path, uid, gid)

  // A folder of its own for temporary tables: two labs that begin at once take the same names in /tmp.
  const settings = ['--no-defaults', `--datadir=${data}`, `--tmpdir=${dir}`, '--user=mysql']
  await mustRun(run, 'mariadb-install-db', [...settings, '--skip-test-db', '--auth-root-authentication-method=normal'])
  const init = join(dir, 'init.sql')
  const { user, password } = credentials
  await writeFile(
    init,
    `CREATE DATABASE IF NOT EXISTS slurm_acct_db;\nGRANT ALL ON slurm_acct_db.* TO '${user}'@'%' IDENTIFIED BY '${password}';\n`,
    { mode: 0o644 },
  )
  const log = join(dir, 'mariadbd.log')
  const files = [`--socket=${join(dir, 'socket')}`, `--pid-file=${join(dir, 'pid')}`, `--init-file=${init}`]
  const size = ['--innodb-buffer-pool-size=64M', '--innodb-flush-log-at-trx-commit=0', '--innodb-log-file-size=16M']
  const command = ['mariadbd', ...settings, ...files, ...size, `--bind-address=${lab.bridgeAddress}`, `--port=${port}`]
  await startDetached(run, { cgroup: await cgroupPath(lab.name, 'accounting'), log, command })

  const giveUpAt = clock.now() + 30_000
  while (!/ready for connections/.test(await readFile(log, 'utf8'))) {
    if (clock.now() > giveUpAt)
      throw new LabError(`MariaDB does not start: ${(await readFile(log, 'utf8')).slice(-1000)}`)
    await clock.sleep(50)
  }
  return { host: lab.bridgeAddress, port, ...credentials }
}

/** Lines of slurm.conf that send every job to slurmdbd on the controller's host. */
export const accountingLines: readonly string[] = [
  'AccountingStorageType=accounting_storage/slurmdbd',
  'AccountingStorageHost=localhost',
  'AccountingStorageTRES=gres/gpu',
  'JobAcctGatherFrequency=task=5',
]

/** slurmctld ends when it starts for the first time and slurmdbd does not answer yet. */
const waitForSlurmdbd = `[Unit]
Wants=slurmdbd.service
[Service]
ExecStartPre=/bin/bash -c 'until (exec 3<>/dev/tcp/localhost/6819) 2>/dev/null; do sleep 0.1; done'
`

/** Configuration of slurmdbd on a host, and of a slurmctld beside it. */
export function slurmdbdFiles(database: AccountingDatabase): Record<string, HostFile> {
  const lines = [
    ...['AuthType=auth/munge', 'DbdHost=localhost', 'SlurmUser=slurm', 'LogFile=/var/log/slurm/slurmdbd.log'],
    ...['PidFile=/run/slurm/slurmdbd.pid', 'StorageType=accounting_storage/mysql', 'StorageLoc=slurm_acct_db'],
    ...[`StorageHost=${database.host}`, `StoragePort=${database.port}`],
    ...[`StorageUser=${database.user}`, `StoragePass=${database.password}`],
  ]
  return {
    '/etc/slurm/slurmdbd.conf': { content: `${lines.join('\n')}\n`, mode: 0o600, owner: 'slurm' },
    '/etc/systemd/system/slurmctld.service.d/accounting.conf': { content: waitForSlurmdbd },
  }
}
