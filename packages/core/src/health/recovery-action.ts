import type { FindingClass } from './finding.ts'

/**
 * What the driver asks to be done with a GPU.
 * Source: nvml.h `nvmlDeviceGpuRecoveryAction_t` (NVML field 230), driver 565 and newer.
 */
export const recoveryActions = ['none', 'reset', 'reboot', 'drain-p2p', 'drain-and-reset', 'recover-imex'] as const
export type RecoveryAction = (typeof recoveryActions)[number]

/** The class that a recovery action stands for, and whether it acts at once. */
export interface RecoveryVerdict {
  class: FindingClass
  fatal: boolean
}

const verdicts: Record<RecoveryAction, RecoveryVerdict> = {
  none: { class: 'informational', fatal: false },
  reset: { class: 'drain-reset', fatal: true },
  reboot: { class: 'drain-reboot', fatal: true },
  'drain-p2p': { class: 'drain-reset', fatal: false },
  'drain-and-reset': { class: 'drain-reset', fatal: true },
  'recover-imex': { class: 'watch', fatal: false },
}

const words: [RegExp, RecoveryAction][] = [
  [/^drain (and|&) reset/i, 'drain-and-reset'],
  [/^drain p2p/i, 'drain-p2p'],
  [/^(gpu )?reset/i, 'reset'],
  [/^(node )?reboot/i, 'reboot'],
  [/imex/i, 'recover-imex'],
  [/^none/i, 'none'],
]

/** The driver's own word for each action, for messages. */
export const recoveryActionText: Record<RecoveryAction, string> = {
  none: 'None',
  reset: 'GPU Reset Required',
  reboot: 'Node Reboot Required',
  'drain-p2p': 'Drain P2P',
  'drain-and-reset': 'Drain and Reset',
  'recover-imex': 'Recover IMEX Domain',
}

/** What a recovery action asks for. */
export function recoveryVerdict(action: RecoveryAction): RecoveryVerdict {
  return verdicts[action]
}

/**
 * Reads `nvidia-smi --query-gpu=gpu_recovery_action` ("None", "Reset", "Drain and Reset", …) or the words of XID 154.
 * @returns undefined for "[N/A]", an empty field and anything not known: the table decides then
 */
export function parseRecoveryAction(text: string): RecoveryAction | undefined {
  const trimmed = text.trim()
  return words.find(([pattern]) => pattern.test(trimmed))?.[1]
}

/**
 * Reads the new action out of XID 154's text, "GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)".
 * The words decide; the number is used where the words are new to us.
 * @returns undefined when the text is not of that form
 */
export function parseRecoveryChange(text: string): RecoveryAction | undefined {
  const match = /recovery action changed from .*? to (0x[0-9a-f]+|\d+)(?:\s*\(([^)]*)\))?/i.exec(text)
  if (!match) return undefined
  return parseRecoveryAction(match[2] ?? '') ?? recoveryActions[Number(match[1])]
}
