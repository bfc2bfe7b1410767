import { expect, test } from 'vitest'
import { classifySxid, classifyXid, type XidLine } from './classify-xid.ts'

const line = (xid: number, message = ''): XidLine => ({
  id: 'boot-1/42',
  node: 'n1',
  xid,
  message,
  evidence: `NVRM: Xid (PCI:0000:3b:00): ${xid}, pid=1234, name=python3, ${message}`,
  at: 1000,
  gpuUuid: 'GPU-1',
  pciBusId: '0000:3b:00',
})

test('XID 79 is fatal, names its GPU and keeps its line', () => {
  expect(classifyXid(line(79, 'GPU has fallen off the bus.'))).toEqual({
    id: 'boot-1/42',
    node: 'n1',
    source: 'kernel-log',
    code: 'xid-79',
    xid: 79,
    class: 'drain-replace',
    fatal: true,
    gpuUuid: 'GPU-1',
    pciBusId: '0000:3b:00',
    message: 'XID 79: GPU has fallen off the bus',
    evidence: 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.',
    at: 1000,
  })
})

test.each([13, 31, 32, 43, 68, 69, 94])('XID %i is a program’s own fault', (xid) => {
  expect(classifyXid(line(xid))).toMatchObject({ class: 'application', fatal: false })
})

test.each([
  [45, 'informational', false],
  [46, 'drain-reset', false],
  [48, 'drain-reset', false],
  [54, 'drain-replace', true],
  [63, 'reset-idle', false],
  [64, 'drain-reset', true],
  [74, 'drain-reset', false],
  [92, 'watch', false],
  [109, 'drain-reset', false],
  [119, 'drain-reset', false],
  [140, 'drain-reset', false],
  [151, 'drain-reboot', false],
  [167, 'drain-reboot', false],
] as const)('XID %i is of class %s, fatal: %s', (xid, kind, fatal) => {
  expect(classifyXid(line(xid))).toMatchObject({ class: kind, fatal })
})

test.each([1, 16, 56, 142, 174, 176, 177, 9999])('XID %i, which nobody can explain, is watched only', (xid) => {
  expect(classifyXid(line(xid))).toMatchObject({ class: 'watch', fatal: false })
})

test('an unknown code shows the driver’s words', () => {
  expect(classifyXid(line(999, 'Something new.')).message).toBe('XID 999: Something new')
  expect(classifyXid(line(998)).message).toBe('XID 998: unknown code')
})

test.each([
  ['NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x021425c6)', 'drain-reset'],
  ['NETIR_LINK_EVT  Nonfatal   XC0 i0 Link 01', 'watch'],
  ['NETIR_LINK_EVT  Non-Fatal   XC0 i0 Link 01', 'watch'],
  ['NETIR_LINK_EVT  XC0', 'watch'],
])('an NVLink 5 code obeys its text: %s', (text, kind) => {
  expect(classifyXid(line(149, text))).toMatchObject({ class: kind })
})

test('the driver’s recovery action outranks the table, in both directions', () => {
  expect(classifyXid(line(31), 'reboot')).toMatchObject({ code: 'xid-31', class: 'drain-reboot', fatal: true })
  expect(classifyXid(line(79), 'drain-p2p')).toMatchObject({ code: 'xid-79', class: 'drain-reset', fatal: false })
})

test('a recovery action of "None" leaves the table’s word', () => {
  expect(classifyXid(line(48), 'none')).toMatchObject({ class: 'drain-reset' })
})

test.each([
  ['GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)', 'recovery-action', 'drain-reset', true],
  [
    'GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)',
    'recovery-action',
    'drain-reboot',
    true,
  ],
  ['GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)', 'recovery-action', 'drain-reset', true],
  ['GPU recovery action changed from 0x0 to 0x2', 'recovery-action', 'drain-reboot', true],
  [
    'GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)',
    'recovery-action-none',
    'informational',
    false,
  ],
  ['something else', 'xid-154', 'informational', false],
] as const)('XID 154 obeys its text: %s', (text, code, kind, fatal) => {
  expect(classifyXid(line(154, text))).toMatchObject({ code, class: kind, fatal })
})

test.each([
  [20034, 'Fatal, Link 30 LTSSM Fault Up', 'drain-reset'],
  [20034, 'Non-fatal, Link 30 LTSSM Fault Up', 'watch'],
  [12028, 'Link 3', 'drain-reset'],
  [10004, 'Thermal event', 'watch'],
])('SXid %i "%s" is of class %s and names no GPU', (sxid, text, kind) => {
  const finding = classifySxid(line(sxid, text))
  expect(finding).toMatchObject({ code: `sxid-${sxid}`, class: kind })
  expect(finding).not.toHaveProperty('gpuUuid')
  expect(finding).not.toHaveProperty('xid')
})
