import { normalisePciBusId } from './pci-bus-id.ts'

/** A fault that the NVIDIA driver wrote to the kernel log. */
export interface XidEvent {
  kind: 'xid'
  xid: number
  /** As NVML writes it; absent when the line's address cannot be read. */
  pciBusId?: string
  pid?: number
  process?: string
  /** What follows the code, without process id and name. */
  message: string
  /** XID 154 alone: the action that the driver now asks for, in its words. */
  recoveryAction?: string
  /** The line, or lines, verbatim. */
  line: string
}

/** A fault of an NVSwitch. */
export interface SxidEvent {
  kind: 'sxid'
  sxid: number
  pciBusId?: string
  message: string
  line: string
}

export type KernelLogEvent = XidEvent | SxidEvent

/** Takes lines in order and says what each one means. Keeps at most two lines, for the message that spans three. */
export type KernelLogParser = (line: string) => KernelLogEvent | undefined

/** The driver numbers this fault 79, and writes it without the number when it never got to know the GPU. */
const fallenOffTheBus = 79

const longestLine = 2000
const xidLine = /NVRM:\s+Xid\s+\((?:PCI:)?([0-9a-f:.]+)\):\s*(\d{1,9})\s*(?:,\s*(.*))?$/i
const sxidLine = /nvidia-nvswitch\d*:\s+SXid\s+\((?:PCI:)?([0-9a-f:.]+)\):\s*(\d{1,9})\s*(?:,\s*(.*))?$/i
const offTheBus = /NVRM:\s+(?:The NVIDIA )?GPU (?:at )?(?:PCI:)?([0-9a-f:.]+?):?\s+(?:GPU )?has fallen off the bus/i
const offTheBusBegin = /NVRM:\s+The NVIDIA GPU (?:PCI:)?([0-9a-f:.]+)(.*)$/i
const offTheBusEnd = /NVRM:\s+fallen off the bus and is not responding/i
const actionChange = /recovery action changed from .*? to (?:0x[0-9a-f]+|\d+)\s*(?:\(([^)]*)\))?/i

/**
 * What journald, syslog, dmesg and kmsg put before the kernel's text. Anything else means that another program wrote
 * the line: nobody but the kernel may report a fault, since a user's `logger` must not drain a node.
 */
const kernelPrefix = /^$|\]$|>$|^\d+,\d+,\d+,[^;]*;$|(?:^|\s|>)kernel(?:\[\d+\])?:?(?:\s+-)*(?:\s+\[[^\]]*\])*$/i

/** A syslog line with another program's tag after its time and host: what that program says next may imitate the kernel. */
const otherProgram =
  /^(?:<\d+>\d?\s*)?(?:[a-z]{3}\s+\d{1,2} \d\d:\d\d:\d\d\S*|\d{4}-\d\d-\d\dT\S+)\s+[^\s[]\S*\s+(?!kernel\b|\[\s*\d+\.\d+\])\S/i

/**
 * Reads the driver's lines, in every form that drivers since 450 are known to write.
 * Source of the forms: the tests of leptonai/gpud and NVIDIA/NVSentinel; https://docs.nvidia.com/deploy/xid-errors.
 */
export function createKernelLogParser(): KernelLogParser {
  let pending: { address: string; lines: string[] } | undefined

  return (raw) => {
    const line = raw.slice(0, longestLine).trimEnd()
    if (!/NVRM:|SXid/i.test(line)) return undefined
    const event = parseXid(line) ?? parseSxid(line) ?? parseOffTheBus(line)
    if (event) return event

    const begin = fromKernel(offTheBusBegin, line)
    if (begin && /fallen off the bus/i.test(begin[2] ?? '')) return offTheBusEvent(begin[1] ?? '', line)
    if (begin) {
      pending = { address: begin[1] ?? '', lines: [line] }
      return undefined
    }
    if (!pending) return undefined
    const { address, lines } = { address: pending.address, lines: [...pending.lines, line] }
    if (fromKernel(offTheBusEnd, line)) {
      pending = undefined
      return offTheBusEvent(address, lines.join('\n'))
    }
    pending = lines.length < 3 ? { address, lines } : undefined
    return undefined
  }
}

/** Whether a line can matter at all: cheap enough for every line of a busy log. */
export function mayBeDriverLine(line: string): boolean {
  return line.includes('NVRM') || line.includes('SXid')
}

function parseXid(line: string): XidEvent | undefined {
  const match = fromKernel(xidLine, line)
  if (!match) return undefined
  const xid = Number(match[2])
  const { message, ...owner } = takeOwner(match[3] ?? '')
  const action = xid === 154 ? actionChange.exec(message)?.[1] : undefined
  return {
    kind: 'xid',
    xid,
    ...place(match[1] ?? ''),
    ...owner,
    message,
    ...(action !== undefined && { recoveryAction: action }),
    line,
  }
}

function parseSxid(line: string): SxidEvent | undefined {
  const match = fromKernel(sxidLine, line)
  if (!match) return undefined
  return { kind: 'sxid', sxid: Number(match[2]), ...place(match[1] ?? ''), message: (match[3] ?? '').trim(), line }
}

function parseOffTheBus(line: string): XidEvent | undefined {
  const match = fromKernel(offTheBus, line)
  return match ? offTheBusEvent(match[1] ?? '', line) : undefined
}

function offTheBusEvent(address: string, line: string): XidEvent {
  return { kind: 'xid', xid: fallenOffTheBus, ...place(address), message: 'GPU has fallen off the bus.', line }
}

/** Takes `pid=1234, name=python3, ` off the front of a message; "<unknown>" says nothing. */
function takeOwner(text: string): { message: string; pid?: number; process?: string } {
  const match = /^(?:pid='?(<unknown>|\d+)'?,?\s*)?(?:name=(<unknown>|[^,]*)(?:,\s*|$))?(.*)$/i.exec(text)
  const [, pid, name, message = text] = match ?? []
  return {
    message: message.trim(),
    ...(pid !== undefined && /^\d+$/.test(pid) && { pid: Number(pid) }),
    ...(name !== undefined && name !== '' && name !== '<unknown>' && { process: name }),
  }
}

function fromKernel(pattern: RegExp, line: string): RegExpExecArray | undefined {
  const match = pattern.exec(line)
  if (!match) return undefined
  const prefix = line.slice(0, match.index).trim()
  return kernelPrefix.test(prefix) && !otherProgram.test(prefix) ? match : undefined
}

function place(address: string): { pciBusId?: string } {
  const pciBusId = normalisePciBusId(address)
  return pciBusId === undefined ? {} : { pciBusId }
}
