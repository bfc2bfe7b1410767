import { expect, test } from 'vitest'
import { parseRecoveryAction, recoveryActions, recoveryActionText } from './recovery-action.ts'

test.each([
  ['None', 'none'],
  ['Reset', 'reset'],
  ['GPU Reset', 'reset'],
  ['Reboot', 'reboot'],
  ['Node Reboot', 'reboot'],
  ['Drain P2P', 'drain-p2p'],
  ['Drain and Reset', 'drain-and-reset'],
  ['[N/A]', undefined],
  ['', undefined],
  ['Something New', undefined],
])('nvidia-smi’s "%s" is %s', (text, action) => {
  expect(parseRecoveryAction(text)).toBe(action)
})

test('the driver’s own words are read back', () => {
  for (const action of recoveryActions) expect(parseRecoveryAction(recoveryActionText[action])).toBe(action)
})
