import { Option } from 'commander'
import { listenAddress } from '../commands/exporter/listen-address.ts'
import type { SlurmExporterFlags } from '../commands/exporter/slurm.ts'
import { type Define, duration, examples } from './define.ts'

/** exporter slurm */
export const defineExporterCommands: Define = (parent, act) => {
  const exporter = parent
    .command('exporter')
    .helpCommand(false)
    .description('figures for Prometheus, without a control plane')
  const slurm = exporter
    .command('slurm')
    .description("serve Slurm's figures to Prometheus, beside slurmctld or wherever its commands work")
    .addOption(
      new Option('--listen-address <[host]:port>', 'where to listen')
        .argParser(listenAddress)
        .default({ port: 9341 }, ':9341'),
    )
    .addOption(
      new Option('--interval <duration>', 'between two looks at Slurm').argParser(duration).default(15_000, '15s'),
    )
    .option('--bin <folder>', "folder of Slurm's commands (PATH)")
    .option('--conf <file>', 'slurm.conf (SLURM_CONF, else where it usually is)')
    .option('--gpus-acct', 'has no effect: GPUs are always counted')
    .action((flags: SlurmExporterFlags) =>
      act(async (context) => (await import('../commands/exporter/slurm.ts')).exporterSlurm(context, flags)),
    )
  examples(slurm, 'exporter slurm', 'exporter slurm --listen-address=127.0.0.1:9341 --interval 30s')
}
