import { describe, expect, it } from 'vitest'
import { after, failedView, gpu, input, usage, view } from '../../test/job-builders.ts'
import type { ReportInput } from './job-report.ts'
import { reportJob } from './report.ts'

const gib = 2 ** 30
const notesOf = (over: Partial<ReportInput>) =>
  reportJob(input(over)).notes.map(({ text, flag }) => (flag === undefined ? text : `${text} [${flag}]`))
const onNode = (over: Parameters<typeof usage>[0]) => ({ usage: { 'gpu-17': usage(over) } })
const gpus = (...parts: Parameters<typeof gpu>[0][]) =>
  parts.map((part, index) => gpu({ uuid: `GPU-${index}`, index, ...part }))
const unused = { utilizationMax: 0, utilizationMean: 0, idleSeconds: 3600 }
const withoutGpus = view({ allocated: { cpus: 8 }, gpus: [], gpuVendor: 'none' })
const running = (over = {}) => (({ endTime: _, exit: _exit, ...known }) => known)(view({ state: 'running', ...over }))

describe('notes of a run', () => {
  it.each<[string, Partial<ReportInput>, string[]]>([
    ['has none when all is well', {}, []],
    [
      'GPUs that were never used',
      onNode({ gpus: gpus(unused, unused) }),
      ['All 2 GPUs were held and never used: ask for none, or make the program use them. [--gpus]'],
    ],
    [
      'one GPU of two that was never used',
      onNode({ gpus: gpus({}, unused) }),
      [
        '1 of 2 GPUs were never used (GPU 1 of gpu-17): ask for 1. [--gpus=1]',
        'The GPUs worked 45 % of the time; larger batches, more workers that load data, or fewer GPUs make better use of them. [--gpus]',
      ],
    ],
    [
      'GPUs that wait for busy CPUs',
      onNode({ cpuSeconds: 28_500, gpus: gpus({ utilizationMean: 30 }) }),
      [
        'The GPUs worked 30 % of the time; all CPUs were busy, so loading or preparing data is likely what they wait for: ask for more CPUs. [--cpus-per-task]',
      ],
    ],
    [
      'GPUs that wait for files',
      onNode({ ioStallSeconds: 1800, gpus: gpus({ utilizationMean: 10 }) }),
      [
        'The GPUs worked 10 % of the time; the job waits for files, so reading data is likely what they wait for.',
        "In 50 % of the time the job waited for files: fewer and larger reads, or a copy on the node's own disk, help.",
      ],
    ],
    [
      'a part of a GPU whose use nobody can tell',
      onNode({
        gpus: [{ uuid: 'MIG-1', vendor: 'nvidia', readings: 240, memoryMaxBytes: gib, memoryTotalBytes: 18 * gib }],
      }),
      [
        "The job had a part of a divided GPU (MIG): the driver tells its memory, and only DCGM's profiling how busy it was.",
      ],
    ],
    [
      'a GPU that stopped while the job runs',
      { view: running(), now: after(3600), ...onNode({ gpus: gpus({ idleSeconds: 2520 }) }) },
      ['GPU 0 of gpu-17 did nothing for the last 42 min: does it hang?'],
    ],
    [
      'heat',
      onNode({ gpus: gpus({ throttledSeconds: 720 }) }),
      ["Heat or power slowed GPU 0 of gpu-17, for up to 12 min: that is not the job's doing; tell the operators."],
    ],
    [
      'a serial program on many CPUs',
      { view: withoutGpus, ...onNode({ cpuSeconds: 3600, gpus: [] }) },
      ['One of 8 CPUs was used: the program runs on one, or was not told to use more. [--cpus-per-task=1]'],
    ],
    [
      'few of many CPUs',
      { view: withoutGpus, ...onNode({ cpuSeconds: 9000, gpus: [] }) },
      ['Of 8 CPUs 2.5 were used on average: ask for fewer, or tell the program to use them. [--cpus-per-task=3]'],
    ],
    [
      'memory that others could use',
      onNode({ memoryMaxBytes: 10 * gib }),
      ['At most 10 GiB of 64 GiB of memory were used on a node: with less the job may start earlier. [--mem=12G]'],
    ],
    [
      'memory that is nearly full',
      onNode({ memoryMaxBytes: 62 * gib }),
      ['At most 62 GiB of 64 GiB of memory were used on gpu-17: a little more and processes are killed. [--mem=77G]'],
    ],
    [
      'memory that ran out',
      { view: failedView({ rawState: 'OUT_OF_MEMORY' }), ...onNode({ oomKills: 1 }) },
      ['Memory ran out on gpu-17: ask for more. [--mem=96G]'],
    ],
    [
      'waits for memory',
      onNode({ memoryStallSeconds: 720 }),
      ['In 20 % of the time the job waited for memory: ask for more. [--mem]'],
    ],
    [
      'a limit far above the run',
      { view: view({ timeLimitMinutes: 24 * 60 }) },
      ['It took 1 h of its time limit of 1 d: with a shorter limit it may start earlier. [--time=01:30:00]'],
    ],
    [
      'a limit that was nearly reached',
      { view: view({ timeLimitMinutes: 62 }) },
      ['It took 1 h of its time limit of 1 h 2 min: a slower run would be ended. [--time=01:45:00]'],
    ],
    [
      'a limit that comes near',
      { view: running({ timeLimitMinutes: 60 }), now: after(3480) },
      ['2 min are left of its time limit of 1 h.'],
    ],
    [
      'a node that did nothing',
      {
        view: view({ nodes: ['n1', 'n2'], allocated: { cpus: 16 }, gpus: [], gpuVendor: 'none' }),
        usage: { n1: usage({ cpuSeconds: 28_800, gpus: [] }), n2: usage({ cpuSeconds: 10, gpus: [] }) },
      },
      ['n2 of 2 nodes did next to nothing: the program may not run there. [--nodes=1]'],
    ],
    [
      'a node without an agent, or where no step ran',
      { usage: {} },
      ['Nothing could be measured on gpu-17: no agent saw a process of the job there; what the job used is not known.'],
    ],
    [
      'a node where the agent came too late, and accounting did not',
      {
        view: view({ accounted: { cpuSeconds: 25_200 } }),
        ...onNode({ source: 'none', cpuSeconds: undefined as never, gpus: [] }),
      },
      [
        "Nothing could be measured on gpu-17: the agent found neither a cgroup nor processes of the job before it ended; the figures are accounting's.",
      ],
    ],
    [
      'one node of two that was not measured',
      { view: view({ nodes: ['gpu-17', 'gpu-18'], allocated: { gpus: 1 } }) },
      [
        'Nothing could be measured on gpu-18: no agent saw a process of the job there; the figures are those of 1 node of 2.',
      ],
    ],
    [
      'a job of seconds gets no advice',
      { view: view({ endTime: after(30) }), ...onNode({ cpuSeconds: 1, memoryMaxBytes: gib, gpus: gpus(unused) }) },
      [],
    ],
    ['a job that waits gets none', { view: view({ state: 'pending' }), usage: {} }, []],
  ])('%s', (_, over, expected) => {
    expect(notesOf(over)).toEqual(expected)
  })
})
