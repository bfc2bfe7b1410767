import { Option } from 'commander'
import type { JobOptions } from '../commands/job/get.ts'
import type { JobsOptions } from '../commands/job/list.ts'
import type { UsageOptions } from '../commands/usage.ts'
import { type Define, duration, examples, rowLimit, watchFlag, wholeNumber } from './define.ts'

const states = ['pending', 'running', 'completed', 'failed', 'cancelled']

/** jobs, job, usage */
export const defineJobCommands: Define = (parent, act) => {
  const jobs = parent
    .command('jobs')
    .description('list jobs, the newest first')
    .addOption(new Option('--state <state>', 'only jobs in this state').choices(states))
    .option('--user <name>', "only this user's jobs")
    .option('--account <name>', "only this account's jobs")
    .option('--partition <name>', 'only jobs of this partition')
    .option('--node <node>', 'only jobs that have or had this node')
    .option('--since <duration>', 'only jobs that ran within this time, for example 24h', duration)
    .option('--limit <number>', 'at most this many, up to 1000', rowLimit, 100)
    .option('--waste', 'jobs that hold GPUs and do not use them, the largest waste first')
    .option(...watchFlag)
    .action((options: JobsOptions) =>
      act(async (context) => (await import('../commands/job/list.ts')).jobs(context, options)),
    )
  examples(jobs, 'jobs', 'jobs --user alice --state failed --since 24h', 'jobs --waste', 'jobs --watch')

  const job = parent
    .command('job <job>')
    .description('how a job went, what it used, and whose doing its end was')
    .option('-f, --follow', 'show it until it is over; the status is 0 when it completed and 1 otherwise')
    .option('--run <number>', 'this run of a requeued job, from 0; the newest by default', wholeNumber)
    .action((id: string, options: JobOptions) =>
      act(async (context) => (await import('../commands/job/get.ts')).job(context, id, options)),
    )
  examples(job, 'job 812', 'job 900_3', 'job 812 --run 0', "job 812 -o json | jq -r '.verdict.sentence'")

  const usage = parent
    .command('usage')
    .description('what users, accounts or partitions held and used')
    .addOption(new Option('--by <group>', 'what to add up').choices(['user', 'account', 'partition']).default('user'))
    .addOption(
      new Option('--since <duration>', 'the time up to now that counts')
        .argParser(duration)
        .default(7 * 86_400_000, '7d'),
    )
    .action((options: UsageOptions) =>
      act(async (context) => (await import('../commands/usage.ts')).usage(context, options)),
    )
  examples(usage, 'usage --by account --since 30d', "usage -o json | jq '.rows[] | {name, gpu_hours_idle}'")
}
