# Whatever happens here, the job goes on.
trap 'exit 0' EXIT
umask 077

# Settings: the environment, then the lines NAME=value of this file, then the defaults. The file is read, never run.
url=${OBSERVABILITY_URL:-${OBSERVABILITY_API_URL:-}}
token=${OBSERVABILITY_TOKEN:-}
timeout=${OBSERVABILITY_TIMEOUT:-}
agent_dir=${NAVARCH_HOOK_DIR-unset}
queue=${NAVARCH_HOOK_QUEUE:-}
log_dir=${NAVARCH_HOOK_LOG_DIR:-}
settings=${NAVARCH_HOOK_SETTINGS:-/etc/navarch/hooks.env}
if [ -r "$settings" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line#export }
        value=${line#*=}
        case $value in
        \"*\") value=${value#\"} value=${value%\"} ;;
        \'*\') value=${value#\'} value=${value%\'} ;;
        esac
        case $line in
        OBSERVABILITY_URL=* | OBSERVABILITY_API_URL=*) url=${url:-$value} ;;
        OBSERVABILITY_TOKEN=*) token=${token:-$value} ;;
        OBSERVABILITY_TIMEOUT=*) timeout=${timeout:-$value} ;;
        NAVARCH_HOOK_DIR=*) [ "$agent_dir" = unset ] && agent_dir=$value ;;
        NAVARCH_HOOK_QUEUE=*) queue=${queue:-$value} ;;
        NAVARCH_HOOK_LOG_DIR=*) log_dir=${log_dir:-$value} ;;
        esac
    done <"$settings"
fi
[ "$agent_dir" = unset ] && agent_dir=/var/lib/navarch/hooks
# Events that the service has not taken yet, where there is no agent.
if [ -z "$queue" ]; then
    queue=/var/spool/navarch-hooks
    case $event in *_slurmctld) queue=$queue-slurmctld ;; esac
fi

job=${SLURM_JOB_ID:-${SLURM_JOBID:-}}
