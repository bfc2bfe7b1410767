/**
 * The part of a machine's id that names its hardware. Where machines are used again (a rack), an id is "host#launch", so
 * that ending an old use can never end a new one; what is known of the hardware (a host key, a fault) goes by the part
 * before "#". Elsewhere it is the id itself.
 */
export function hardwareId(machineId: string): string {
  const end = machineId.indexOf('#')
  return end < 0 ? machineId : machineId.slice(0, end)
}
