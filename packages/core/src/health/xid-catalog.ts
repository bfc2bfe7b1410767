import type { FindingClass } from './finding.ts'
import { xidCatalog } from './xid-catalog.generated.ts'

/** What is known about one XID, and what it asks for. */
export interface XidEntry {
  /** The driver's name for it (nverror.h); empty when it has none. */
  mnemonic: string
  /** NVIDIA's words; empty where the catalogue says "Unused" or nothing. */
  description: string
  class: FindingClass
  /** Whether it acts at once: the hardware is gone or broken. */
  fatal: boolean
  /** Whether the log line's own "Fatal" or "Nonfatal" decides (NVLink 5, 144 to 150); `class` is for lines with neither. */
  byText: boolean
  /** Our action, with its conditions, as the table has it. */
  action: string
  /** NVIDIA's immediate action, e.g. "RESET_GPU"; empty where the catalogue gives none. */
  vendorAction: string
  source: string
}

const unknownXid: XidEntry = {
  mnemonic: '',
  description: '',
  class: 'watch',
  fatal: false,
  byText: false,
  action: 'ALERT_ONLY',
  vendorAction: '',
  source: '',
}

/**
 * The catalogue's entry for an XID. A code that is not in it is watched and never acted on:
 * no machine is given up for a code that nobody can explain.
 *
 * Source: data/xid-catalog.csv (NVIDIA Xid Catalog of October 2025 and nverror.h 595.45.04).
 */
export function xidEntry(xid: number): XidEntry {
  return xidCatalog[xid] ?? unknownXid
}
