import type { FileChange, FileContent } from './file-change.ts'
import { recordFile } from './hook-places.ts'
import { HooksError } from './hooks-error.ts'
import type { InstallRecord } from './plan-remove.ts'

/** Writes what was installed, for `remove`. */
export function formatRecord(record: InstallRecord): string {
  return `${JSON.stringify(record, undefined, 1)}\n`
}

/** Reads what was installed. @throws HooksError when it is no such record */
export function parseRecord(text: string): InstallRecord {
  try {
    const record: unknown = JSON.parse(text)
    if (isObject(record) && record['version'] === 1 && Array.isArray(record['changes']) && isTexts(record['folders']))
      if (record['changes'].every(isChange))
        return { version: 1, changes: record['changes'], folders: record['folders'] }
  } catch {
    // Said below.
  }
  throw new HooksError(
    `${recordFile} is no record of navarch hooks install`,
    'Put the file back as it was, or take the hooks out of slurm.conf by hand and delete it.',
  )
}

function isChange(value: unknown): value is FileChange {
  if (!isObject(value) || typeof value['path'] !== 'string' || !value['path'].startsWith('/')) return false
  return [value['before'], value['after']].every((one) => one === undefined || isContent(one))
}

function isContent(value: unknown): value is FileContent {
  if (!isObject(value) || typeof value['text'] !== 'string') return false
  return ['mode', 'uid', 'gid'].every((key) => Number.isInteger(value[key]))
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
