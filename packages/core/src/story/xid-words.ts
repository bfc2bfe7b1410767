import type { Finding } from '../health/finding.ts'
import { xidEntry } from '../health/xid-catalog.ts'

export type Blame = 'hardware' | 'driver' | 'application' | 'unknown'

export interface FindingWords {
  /** e.g. "XID 79" */
  title: string
  /** What it means, in a sentence. */
  meaning: string
  /** Whose fault it usually is. */
  blame: Blame
}

interface XidWords {
  meaning: string
  blame?: Blame
}

/**
 * What the XIDs that clusters see most often mean, in plain words.
 * Source: NVIDIA, "XID Errors", https://docs.nvidia.com/deploy/xid-errors/, and the catalogue in data/xid-catalog.csv.
 */
const common: Readonly<Record<number, XidWords>> = {
  13: { meaning: 'A program on the GPU read or wrote where it may not, or did something else that the GPU refuses.' },
  31: { meaning: 'A program used an address of GPU memory that is not mapped: nearly always a bug of the program.' },
  32: { meaning: 'The stream of commands to the GPU was damaged on its way.' },
  38: { meaning: "The driver's firmware on the GPU answered with an error.", blame: 'driver' },
  43: { meaning: 'A program on the GPU hit an error of its own and was stopped; the GPU goes on.' },
  45: { meaning: 'The GPU cleaned up after a program that ended or was ended; seldom the cause of anything.' },
  48: {
    meaning: 'Two bits of GPU memory flipped at once and could not be corrected: data was lost.',
    blame: 'hardware',
  },
  54: { meaning: 'The auxiliary power of the GPU board is not connected.', blame: 'hardware' },
  62: { meaning: 'A controller inside of the GPU stopped.', blame: 'hardware' },
  63: { meaning: 'A bad row or page of GPU memory was noted, and will be replaced by a spare one at the next reset.' },
  64: { meaning: 'A bad row of GPU memory could not be replaced by a spare one.', blame: 'hardware' },
  66: { meaning: 'The driver made an access that the GPU refused.', blame: 'driver' },
  68: { meaning: 'A program sent the video decoder of the GPU something that it refuses.' },
  69: { meaning: 'A program sent the GPU a command that its graphics engine refuses.' },
  74: { meaning: 'A link of NVLink failed: between GPUs, or between a GPU and a switch.', blame: 'hardware' },
  79: {
    meaning:
      'The driver cannot reach the GPU over PCIe any more: hardware, power, heat or seating; only a restart can bring it back.',
    blame: 'hardware',
  },
  92: { meaning: 'The GPU corrects single-bit errors of its memory more often than it should.' },
  93: { meaning: 'The information ROM of the GPU is written more often than it is made for.' },
  94: { meaning: 'An uncorrectable error of GPU memory was contained: only the program that used it was hit.' },
  95: {
    meaning:
      'An uncorrectable error of GPU memory was not contained: every program on the GPU may be hit, and it must be reset.',
    blame: 'hardware',
  },
  109: { meaning: 'The GPU was asked to switch between programs and did not in time.' },
  119: { meaning: "The GPU's system processor (GSP) did not answer the driver in time.", blame: 'driver' },
  120: { meaning: "The GPU's system processor (GSP) failed.", blame: 'driver' },
  121: { meaning: 'The link between the GPU and its CPU (NVLink-C2C) has errors.', blame: 'hardware' },
  140: { meaning: 'An uncorrectable error of ECC was seen, and could not be recovered from.', blame: 'hardware' },
  143: { meaning: 'The GPU did not start up.', blame: 'hardware' },
  154: { meaning: 'The driver says what the GPU needs to recover, such as a reset or a restart of the machine.' },
}

/** What findings that are no XIDs mean, by their code: title, meaning, whose fault it usually is. */
const conditions: Readonly<Record<string, readonly [string, string, Blame]>> = {
  'gpu-missing': ['GPU missing', 'Fewer GPUs answer than the node had when it registered.', 'hardware'],
  'gpu-lost': ['GPU lost', 'The driver knows the GPU and cannot talk to it any more.', 'hardware'],
  'gpu-requires-reset': ['GPU needs a reset', 'The GPU does no work until it is reset.', 'hardware'],
  'gpu-interrupt': ['GPU interrupt problem', 'The driver gets no interrupts of a GPU.', 'hardware'],
  'power-cable': ['Power cable', 'A GPU has no external power cable, or it is loose.', 'hardware'],
  'inforom-corrupt': ['infoROM corrupt', "The GPU's information ROM is damaged.", 'hardware'],
  'recovery-action': [
    'Recovery asked for',
    'The driver says that the GPU must be recovered before it works again.',
    'hardware',
  ],
  'driver-not-loaded': ['Driver not loaded', 'The driver of the GPUs is not loaded.', 'driver'],
  'nvidia-smi-stuck': ['nvidia-smi hangs', 'The driver does not answer: nvidia-smi never returns.', 'driver'],
  'nvidia-smi-missing': [
    'nvidia-smi missing',
    'nvidia-smi is not installed, so nothing is known of the GPUs.',
    'driver',
  ],
  'nvidia-smi-failed': ['nvidia-smi fails', 'The driver cannot be asked about its GPUs.', 'driver'],
  'thermal-margin': ['Nearly too hot', 'The GPU is a few degrees below where the hardware slows it.', 'hardware'],
  'thermal-slowdown': ['Too hot', 'The GPU is so hot that the hardware slows it: cooling or airflow.', 'hardware'],
  'power-brake': ['Power brake', 'The machine makes the GPU slow down: its power supply is short.', 'hardware'],
  'fabric-failed': ['NVLink fabric', 'The links between the GPUs could not be set up.', 'hardware'],
  'fabric-not-ready': ['NVLink fabric', 'The links between the GPUs are not set up yet.', 'unknown'],
  'ecc-uncorrected': ['Uncorrectable ECC errors', 'GPU memory had errors that could not be corrected.', 'hardware'],
  'ecc-uncorrected-lifetime': [
    'ECC errors in its life',
    'GPU memory once had errors that could not be corrected.',
    'hardware',
  ],
  'ecc-corrected': ['Corrected ECC errors', 'GPU memory had errors, and they were corrected.', 'hardware'],
  'ecc-sram-threshold': ['SRAM errors', 'The GPU has more memory errors on its chip than NVIDIA accepts.', 'hardware'],
  'row-remap-failure': [
    'Row remapping failed',
    'A bad row of GPU memory cannot be replaced by a spare one.',
    'hardware',
  ],
  'row-remap-pending': [
    'Row remapping pending',
    'A bad row of GPU memory is replaced by a spare one at the next reset.',
    'hardware',
  ],
  'retired-pages-pending': ['Pages to retire', 'Bad pages of GPU memory are retired at the next reset.', 'hardware'],
}

/** A finding in plain words. What nobody can explain is told as it was seen. */
export function findingWords(finding: Pick<Finding, 'xid' | 'code' | 'class' | 'message'>): FindingWords {
  const { xid, code, message } = finding
  if (xid !== undefined) {
    const entry = xidEntry(xid)
    const words = common[xid]
    return {
      title: `XID ${xid}`,
      meaning:
        words?.meaning ??
        (entry.description ? `The driver reports: ${entry.description}.` : 'NVIDIA does not document this code.'),
      blame: words?.blame ?? blameOf(finding, entry.mnemonic),
    }
  }
  const known = Object.hasOwn(conditions, code) ? conditions[code] : undefined
  if (known) return { title: known[0], meaning: known[1], blame: known[2] }
  if (code.startsWith('sxid-')) {
    const title = `SXid ${code.slice(5)}`
    return { title, meaning: 'A switch of NVLink (NVSwitch) reports an error.', blame: 'hardware' }
  }
  return { title: code, meaning: `${message}.`, blame: blameOf(finding, '') }
}

function blameOf(finding: Pick<Finding, 'class'>, mnemonic: string): Blame {
  if (finding.class === 'application') return 'application'
  if (/GSP|RPC|FIRMWARE|UCODE/i.test(mnemonic)) return 'driver'
  return finding.class.startsWith('drain-') ? 'hardware' : 'unknown'
}
