import { type Finding, findings } from './finding.ts'

/** GPUs of this machine and the tools that read them. */
export interface ToolFacts {
  nvidia: boolean
  amd: boolean
  /** Paths of the tools that are in Slurm's or the system's usual folders. */
  tools: ReadonlyMap<'nvidia-smi' | 'rocm-smi' | 'amd-smi', string>
}

/** Whether the agent can read the GPUs that are there. */
export function checkTools({ nvidia, amd, tools }: ToolFacts): Finding[] {
  const { ok, warning } = findings('GPU tools')
  const found: Finding[] = []
  const nvidiaSmi = tools.get('nvidia-smi')
  const amdTool = tools.get('amd-smi') ?? tools.get('rocm-smi')
  if (nvidia)
    found.push(
      nvidiaSmi
        ? ok(nvidiaSmi)
        : warning(
            'NVIDIA GPUs, and no nvidia-smi in /usr/bin or /usr/local/bin',
            "Install the driver's tools, or link nvidia-smi into /usr/bin.",
          ),
    )
  if (amd)
    found.push(
      amdTool
        ? ok(amdTool)
        : warning(
            'AMD GPUs, and neither amd-smi nor rocm-smi in /usr/bin, /opt/rocm/bin or /usr/local/bin',
            'Install amd-smi, or link it into /usr/bin.',
          ),
    )
  return found
}
