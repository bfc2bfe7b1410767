
# Where an agent runs it has made this folder: one file in it, written at once, and nothing else is done here.
variables='SLURM_JOB_ID SLURM_JOBID SLURM_CLUSTER_NAME SLURM_JOB_SLUID SLURM_JOB_RESTART_COUNT SLURMD_NODENAME
SLURM_JOB_NODELIST SLURM_NODELIST SLURM_JOB_NUM_NODES SLURM_JOB_CPUS_PER_NODE SLURM_JOB_USER SLURM_JOB_UID SLURM_JOB_GID
SLURM_JOB_GROUP SLURM_JOB_ACCOUNT SLURM_JOB_PARTITION SLURM_JOB_QOS SLURM_JOB_RESERVATION SLURM_JOB_LICENSES SLURM_JOB_NAME
SLURM_JOB_WORK_DIR SLURM_JOB_STDOUT SLURM_JOB_STDERR SLURM_JOB_START_TIME SLURM_JOB_END_TIME SLURM_JOB_GPUS
CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES GPU_DEVICE_ORDINAL ZE_AFFINITY_MASK SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID
SLURM_ARRAY_TASK_COUNT SLURM_HET_JOB_ID SLURM_HET_JOB_OFFSET SLURM_JOB_EXIT_CODE SLURM_JOB_EXIT_CODE2 SLURM_JOB_DERIVED_EC
SLURM_SCRIPT_CONTEXT SLURM_CPUS_ON_NODE SLURM_MEM_PER_NODE SLURM_GPUS_ON_NODE'

leave_note() {
    name=$job.$event.${SLURMD_NODENAME:-here}.$$
    case $name in *[!A-Za-z0-9._-]*) name=job.$event.$$ ;; esac
    set --
    for variable in $variables; do
        eval "value=\${$variable-}"
        [ -n "$value" ] && set -- "$@" "$variable=$value"
    done
    # Never over a file, nor through a link: a new one or none.
    set -C
    for file in "$agent_dir/$name" "$agent_dir/$name.2" "$agent_dir/$name.3"; do
        [ -e "$file" ] && continue
        { printf '%s\0' NAVARCH_HOOK=1 "NAVARCH_EVENT=$event" NAVARCH_AT= "$@" END >"$file"; } 2>/dev/null && noted=yes && break
    done
    set +C
}
noted=
if [ -n "$job" ] && [ "${1-}" != --send ] && [ -d "$agent_dir" ] && [ -w "$agent_dir" ] && [ -x "$agent_dir" ]; then
    leave_note
    set -- "$queue"/*.json
    # What waits from the time before the agent is sent below.
    [ -n "$noted" ] && [ ! -e "$1" ] && exit 0
    set --
fi
