import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderXidCatalog } from '../scripts/generate-xid-catalog.ts'
import { xidEntry } from '../src/health/xid-catalog.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the generated table is what the CSV file says', () => {
  expect(read('../src/health/xid-catalog.generated.ts')).toBe(renderXidCatalog(read('../data/xid-catalog.csv')))
})

test('every code of the CSV file has an entry with a class', () => {
  for (let xid = 1; xid <= 176; xid++) expect(xidEntry(xid).source, `XID ${xid}`).not.toBe('')
})

test('a field in quotes may hold commas, quotes and line ends', () => {
  const csv = 'code,description,class,platform_action\n7,"a, ""b""\nc",application,NOTIFY_USER\n'
  expect(renderXidCatalog(csv)).toContain(String.raw`"description":"a, \"b\"\nc","class":"application"`)
})
