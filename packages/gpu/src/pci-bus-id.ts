/** A PCI address. The kernel log leaves the function out; it is 0 then, as for every GPU. */
export interface PciAddress {
  domain: number
  bus: number
  device: number
  function: number
}

const address = /^(?:PCI:)?(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})(?:\.([0-7]))?$/i

/**
 * Reads a PCI address as NVML ("00000000:3B:00.0"), the kernel ("0000:3b:00.0") or the driver's log ("PCI:0000:3b:00")
 * writes it.
 * @returns undefined when the text is none
 */
export function parsePciBusId(text: string): PciAddress | undefined {
  const match = address.exec(text.trim())
  if (!match) return undefined
  const [, domain = '0', bus = '', device = '', fn = '0'] = match
  const parsed = {
    domain: Number.parseInt(domain, 16),
    bus: Number.parseInt(bus, 16),
    device: Number.parseInt(device, 16),
    function: Number(fn),
  }
  return parsed.device <= 0x1f ? parsed : undefined
}

/** Writes an address as NVML does: eight digits of domain, upper case, with function. */
export function formatPciBusId(pci: PciAddress): string {
  const hex = (value: number, width: number) => value.toString(16).toUpperCase().padStart(width, '0')
  return `${hex(pci.domain, 8)}:${hex(pci.bus, 2)}:${hex(pci.device, 2)}.${pci.function}`
}

/** The one spelling under which addresses may be compared; undefined when the text is no address. */
export function normalisePciBusId(text: string): string | undefined {
  const pci = parsePciBusId(text)
  return pci && formatPciBusId(pci)
}
