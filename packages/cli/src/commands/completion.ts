import { completionScripts } from '../completion/scripts.ts'
import type { CommandContext } from '../context.ts'
import type { Shell } from '../program/program.ts'

/** `navarch completion SHELL`: the shell's completion script. */
export async function completion({ io }: CommandContext, shell: Shell): Promise<number> {
  io.stdout.write(completionScripts[shell])
  return 0
}
