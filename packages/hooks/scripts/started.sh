
tell_event() {
    identity
    text user "${SLURM_JOB_USER:-${SLURM_JOB_UID:-unknown}}"
    list=${SLURM_JOB_NODELIST:-${SLURM_NODELIST:-}}
    printf ',"node_list":['
    case $event in
    *_slurmctld) [ -n "$list" ] && hosts "$list" ;;
    *) hosts "${list:-$node}" ;;
    esac
    printf ']'
    text partition "${SLURM_JOB_PARTITION:-}"
    text account "${SLURM_JOB_ACCOUNT:-}"
    text qos "${SLURM_JOB_QOS:-}"
    text name "${SLURM_JOB_NAME:-}"
    text work_dir "${SLURM_JOB_WORK_DIR:-}"
    number array_job_id "${SLURM_ARRAY_JOB_ID:-}"
    [ -n "${SLURM_ARRAY_JOB_ID:-}" ] && text array_task_id "${SLURM_ARRAY_TASK_ID:-}"
    number het_job_id "${SLURM_HET_JOB_ID:-}"
    number het_offset "${SLURM_HET_JOB_OFFSET:-}"
    tell_node
    printf '}'
}
