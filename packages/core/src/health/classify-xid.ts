import type { Finding } from './finding.ts'
import {
  parseRecoveryChange,
  type RecoveryAction,
  type RecoveryVerdict,
  recoveryActionText,
  recoveryVerdict,
} from './recovery-action.ts'
import { xidEntry } from './xid-catalog.ts'

/** One XID or SXid line of the kernel log, already taken apart. */
export interface XidLine {
  /** Unique for this line on this node, e.g. boot id and sequence number: a line read twice has the same id. */
  id: string
  node: string
  xid: number
  /** What follows the code, without process id and name, e.g. "GPU has fallen off the bus." */
  message: string
  /** The whole line. */
  evidence: string
  /** ms since the epoch. */
  at: number
  gpuUuid?: string
  gpuIndex?: number
  pciBusId?: string
}

/** A line of the NVSwitch driver; its `xid` is the SXid. */
export type SxidLine = XidLine

/** "Fatal" as a word of its own: not in "Nonfatal" or "Non-Fatal". */
const saysFatal = /(?<!non[- ]?)\bfatal\b/i

/**
 * Makes the finding of an XID line.
 *
 * The driver's recovery action for that GPU, read after the line, outranks the table. "None" does not: drivers that know
 * the field leave it at "None" for faults that they do not judge, and it may have been read before the driver made up its mind.
 * XID 154 carries its action in its text.
 */
export function classifyXid(line: XidLine, recoveryAction?: RecoveryAction): Finding {
  const changedTo = line.xid === 154 ? parseRecoveryChange(line.message) : undefined
  const finding = {
    id: line.id,
    node: line.node,
    source: 'kernel-log' as const,
    evidence: line.evidence,
    at: line.at,
    xid: line.xid,
    ...placeOf(line),
  }
  if (changedTo !== undefined) {
    return {
      ...finding,
      ...recoveryVerdict(changedTo),
      code: changedTo === 'none' ? 'recovery-action-none' : 'recovery-action',
      message: `XID 154: GPU recovery action is now "${recoveryActionText[changedTo]}"`,
    }
  }
  const verdict = recoveryAction && recoveryAction !== 'none' ? recoveryVerdict(recoveryAction) : tableVerdict(line)
  return { ...finding, ...verdict, code: `xid-${line.xid}`, message: `XID ${line.xid}: ${meaningOf(line)}` }
}

/** NVSwitch codes after which the whole fabric needs a reset. Source: NVSentinel sxiderrorsmapping.csv, `RESET_FABRIC`. */
const fabricResetCodes: ReadonlySet<number> = new Set([10003, 10006, 10007, 10008, 12020, 12028, 12032, 14017])

/** Makes the finding of an NVSwitch line. It concerns every GPU of the baseboard, so it names none. */
export function classifySxid(line: SxidLine): Finding {
  const fatal = fabricResetCodes.has(line.xid) || saysFatal.test(line.message)
  return {
    id: line.id,
    node: line.node,
    source: 'kernel-log',
    code: `sxid-${line.xid}`,
    class: fatal ? 'drain-reset' : 'watch',
    fatal: false,
    message: `SXid ${line.xid}: ${tidy(line.message) || 'NVSwitch error'}`,
    evidence: line.evidence,
    at: line.at,
    ...(line.pciBusId !== undefined && { pciBusId: line.pciBusId }),
  }
}

function tableVerdict(line: XidLine): RecoveryVerdict {
  const entry = xidEntry(line.xid)
  if (entry.byText && saysFatal.test(line.message)) return { class: 'drain-reset', fatal: false }
  return { class: entry.class, fatal: entry.fatal }
}

function meaningOf(line: XidLine): string {
  return xidEntry(line.xid).description || tidy(line.message) || xidEntry(line.xid).mnemonic || 'unknown code'
}

function tidy(message: string): string {
  return message.trim().replace(/\.$/, '')
}

function placeOf(line: XidLine): Pick<Finding, 'gpuUuid' | 'gpuIndex' | 'pciBusId'> {
  return {
    ...(line.gpuUuid !== undefined && { gpuUuid: line.gpuUuid }),
    ...(line.gpuIndex !== undefined && { gpuIndex: line.gpuIndex }),
    ...(line.pciBusId !== undefined && { pciBusId: line.pciBusId }),
  }
}
