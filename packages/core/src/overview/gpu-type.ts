const models = /\b(G?[ABHLVTP]\d{1,4}[SXG]?|MI\d{3}[AX]?|RTX[ -]?(?:PRO )?[A-Z]?\d{3,4}(?: ?Ti)?)\b/i

/**
 * The short name of a GPU's type, as people and Slurm's GRES write it.
 * @param name as the driver has it, e.g. "NVIDIA H100 80GB HBM3"
 * @returns e.g. "h100"; "" when the name has no model that is known
 */
export function gpuTypeOf(name: string): string {
  return (models.exec(name)?.[1] ?? '').toLowerCase().replace(/[ -]/g, '')
}
