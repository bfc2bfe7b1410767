import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What an agent knows again after a restart of its own. */
export interface Memory {
  /** Boot in which `gpuUuids` were seen. */
  bootId: string
  /** UUIDs of the GPUs that the machine had when they were first looked at in this boot. */
  gpuUuids: readonly string[]
  /** Where the reader of the kernel log stood; its own notation. */
  kernelLog: string
}

/** Small files of an agent. */
export interface AgentFiles {
  loadMemory(): Promise<Partial<Memory>>
  saveMemory(memory: Partial<Memory>): Promise<void>
  /** What the control plane says of this node, for tools on it: `state.json`. */
  saveState(state: NodeStateFile): Promise<void>
}

export interface NodeStateFile {
  node: string
  health: string
  status: string
  health_reason: string
  /** RFC 3339. */
  updated_at: string
}

/** Files in a folder, each replaced as a whole, so that a reader never finds half of one. */
export function createAgentFiles(folder: string): AgentFiles {
  let work: Promise<void> = Promise.resolve()
  const replace = (name: string, content: unknown): Promise<void> => {
    const write = async () => {
      await mkdir(folder, { recursive: true })
      const path = join(folder, name)
      await writeFile(`${path}.new`, `${JSON.stringify(content)}\n`)
      await rename(`${path}.new`, path)
    }
    const done = work.then(write)
    work = done.catch(() => {})
    return done
  }
  return {
    loadMemory: async () => parseMemory(await readFile(join(folder, 'memory.json'), 'utf8').catch(() => '')),
    saveMemory: (memory) => replace('memory.json', memory),
    saveState: (state) => replace('state.json', state),
  }
}

/** For agents without a folder of their own: everything is forgotten. */
export const noFiles: AgentFiles = {
  loadMemory: async () => ({}),
  saveMemory: async () => {},
  saveState: async () => {},
}

function parseMemory(text: string): Partial<Memory> {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return {}
  }
  if (typeof content !== 'object' || content === null) return {}
  const { bootId, gpuUuids, kernelLog } = content as Record<string, unknown>
  return {
    ...(typeof bootId === 'string' && { bootId }),
    ...(Array.isArray(gpuUuids) && { gpuUuids: gpuUuids.filter((uuid) => typeof uuid === 'string') }),
    ...(typeof kernelLog === 'string' && { kernelLog }),
  }
}
