import type { BackupOptions } from '../commands/backup.ts'
import { type Define, examples } from './define.ts'

/** backup, restore */
export const defineBackupCommands: Define = (parent, act) => {
  const backup = parent
    .command('backup <file>')
    .description(
      'write everything that the control plane has stored to a file, or to standard output for "-", while it runs',
    )
    .option('--force', 'overwrite the file')
    .action((file: string, options: BackupOptions) =>
      act(async (context) => (await import('../commands/backup.ts')).backup(context, file, options)),
    )
  examples(backup, 'backup navarch.backup.gz', 'backup - | ssh vault "cat > navarch.backup.gz"')

  const restore = parent
    .command('restore <file>')
    .description('put a backup in place of everything that the control plane has stored; it starts again with that')
    .action((file: string) => act(async (context) => (await import('../commands/restore.ts')).restore(context, file)))
  examples(restore, 'restore navarch.backup.gz')
}
