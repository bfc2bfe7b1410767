/** Printed after the options of `navarch-node --help`. */
export const environmentHelp = `
The agent registers the node, looks at its GPUs with nvidia-smi at each sample interval, follows the kernel
log, and reports faults over one HTTP/2 connection the moment they are seen. It sees Slurm's jobs by their hooks and
control groups, and measures what they use. While the control plane is away, faults, job events and readings wait on
disk and are sent in order afterwards. It runs until it gets SIGTERM or SIGINT.

Settings come from the flags, then NAVARCH_AUTH_TOKEN, then the file, whose keys are the flags' names
with "_" for "-":

  server: http://control-plane:50051
  node_id: gpu-node-001
  auth_token: "..."

The kernel log is the file of --kernel-log, else /dev/kmsg (root, or CAP_SYSLOG), else the systemd journal.

Environment:
  NAVARCH_AUTH_TOKEN   token for the control plane
  NAVARCH_FAKE_GPU     set to 1: simulated GPUs in place of nvidia-smi, for trying things out
  NAVARCH_GPU_COUNT    how many of them (8)
  NAVARCH_GPU_TYPE     which (NVIDIA H100 80GB HBM3)

Files:
  /etc/navarch/agent.yaml            settings, read when there
  <state-dir>/state.json             health and status of this node as the control plane sees them
  <state-dir>/reports.spool          reports that are not confirmed yet
  <state-dir>/memory.json            what a restarted agent must know
  <state-dir>/jobs/                  job events and readings that are not confirmed yet, and the jobs that run
  <hooks-dir>/                       what prologs and epilogs leave for the agent; files it cannot read: broken/
  <state-dir>/xids.json              XID errors of this boot
  <run-dir>/gpu-jobs/                which job has which GPU, for dcgm-exporter's --hpc-job-mapping-dir
  <run-dir>/agent.sock               HTTP: GET /v1/node, POST /v1/events/job-started and job-finished
  <run-dir>/node-<name>.json         this node as "navarch get NAME --output json" prints it

On port 9400 (--metrics-address) it answers GET /metrics, for Prometheus, and GET /health.

With --state-dir alone, hooks and run are folders in it: an agent beside the installed one leaves its files alone.

Exit status: 0 after a signal, 64 for settings that cannot be used. See "navarch-node check --help" for its own.

Example:
  navarch-node --server http://control-plane:50051 --node-id gpu-node-001
`

/** Printed after the options of `navarch-node check --help`. */
export const checkHelp = `
The kernel log is looked at two hours back; of a file that --kernel-log names, lines without a time count too.
The control plane is not asked.

Exit status:
  0    healthy; faults of applications and notes may be listed
  1    something asks for attention: see the findings
  2    cannot tell: nvidia-smi is missing or failed
  64   usage

Examples:
  navarch-node check
  navarch-node check --output json | jq '.findings[].code'
  navarch-node check --kernel-log /var/log/kern.log
`
