import { spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

interface AccountingOptions {
  folder: string
  /** slurmdbd's port, and MariaDB's. */
  port: number
  databasePort: number
  /** More lines of slurmdbd.conf. */
  lines: readonly string[]
  end(pid: number): Promise<void>
  until(condition: () => Promise<boolean>, what: string): Promise<void>
}

/** Lines of slurm.conf that send every job to slurmdbd. */
export function accountingLines(folder: string, port: number): string[] {
  return [
    'AccountingStorageType=accounting_storage/slurmdbd',
    'AccountingStorageHost=127.0.0.1',
    `AccountingStoragePort=${port}`,
    // Not a password: slurmdbd's clients look for munged here.
    `AccountingStoragePass=${folder}/munge/socket`,
    'AccountingStorageTRES=gres/gpu',
    'JobAcctGatherType=jobacct_gather/linux',
    'JobAcctGatherFrequency=task=1',
  ]
}

/** Starts a MariaDB of this machine in `folder`, and writes slurmdbd.conf there. */
export async function startAccounting(options: AccountingOptions): Promise<{ stop(): Promise<void> }> {
  const { folder, port, databasePort, lines, end, until } = options
  const dir = join(folder, 'mariadb')
  const data = join(dir, 'data')
  mkdirSync(data, { recursive: true })
  const id = async (flag: string) => Number((await runCommand('id', [flag, 'mysql'], { deadlineMs: 10_000 })).stdout)
  const [user, group] = [await id('-u'), await id('-g')]
  for (const path of [dir, data]) chownSync(path, user, group)
  const settings = ['--no-defaults', `--datadir=${data}`, '--user=mysql']
  const install = ['--skip-test-db', '--auth-root-authentication-method=normal']
  const made = await runCommand('mariadb-install-db', [...settings, ...install], { deadlineMs: 60_000 })
  if (made.code !== 0) throw new Error(`mariadb-install-db: ${made.stderr}`)
  const init = join(dir, 'init.sql')
  writeFileSync(
    init,
    "CREATE DATABASE slurm_acct_db;\nGRANT ALL ON slurm_acct_db.* TO 'slurm'@'%' IDENTIFIED BY 'slurm';\n",
    { mode: 0o644 },
  )
  const log = join(dir, 'log.err')
  const pidFile = join(dir, 'pid')
  const size = ['--innodb-buffer-pool-size=64M', '--innodb-flush-log-at-trx-commit=0', '--innodb-log-file-size=16M']
  const files = [`--socket=${dir}/socket`, `--pid-file=${pidFile}`, `--init-file=${init}`, `--log-error=${log}`]
  const address = ['--bind-address=127.0.0.1', `--port=${databasePort}`]
  const { pid } = spawn('/usr/sbin/mariadbd', [...settings, ...files, ...size, ...address], { stdio: 'ignore' })
  if (pid === undefined) throw new Error('cannot run mariadbd')
  try {
    await until(async () => /ready for connections/.test(readFileSync(log, 'utf8')), 'MariaDB')
  } catch (error) {
    await end(pid)
    throw error
  }

  const conf = join(folder, 'slurmdbd.conf')
  writeFileSync(
    conf,
    [
      'AuthType=auth/munge',
      `AuthInfo=socket=${folder}/munge/socket`,
      'DbdHost=localhost',
      'DbdAddr=127.0.0.1',
      `DbdPort=${port}`,
      'SlurmUser=root',
      `LogFile=${folder}/slurmdbd.log`,
      `PidFile=${folder}/slurmdbd.pid`,
      'StorageType=accounting_storage/mysql',
      'StorageHost=127.0.0.1',
      `StoragePort=${databasePort}`,
      'StorageUser=slurm',
      'StoragePass=slurm',
      'StorageLoc=slurm_acct_db',
      ...lines,
      '',
    ].join('\n'),
  )
  chmodSync(conf, 0o600)
  return { stop: () => end(pid) }
}
