#!/bin/sh
# Navarch, Epilog: tells that a job has ended on this node. To be run by slurmd as root; copy it into the folder of Epilog's pattern.
# Settings: /etc/navarch/hooks.env. More: docs/hooks.md. Made of packages/hooks/scripts by `npm run generate`.
event=epilog kind=finished

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

# No agent here: the event goes to the service. Slurm gives no PATH.
PATH=/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
url=${url:-http://localhost:8080}
case $timeout in '' | *[!0-9]* | 0*) timeout=5 ;; esac
log=${log_dir:-/var/log/slurm}/observability-${event%_slurmctld}.log

# Slurm says in which context it runs a script; a person who tries one sees what is done, at once.
by_hand=
[ -z "${SLURM_SCRIPT_CONTEXT:-}" ] && [ "${1-}" != --send ] && by_hand=yes

say() {
    if [ -n "$by_hand" ]; then
        printf 'navarch %s: %s\n' "$event" "$1" >&2
    elif [ ! -L "$log" ] && { [ -w "$log" ] || { [ ! -e "$log" ] && [ -w "${log%/*}" ]; }; }; then
        printf '%s job %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${job:-?}" "$1" 2>/dev/null >>"$log"
    fi
}

node=${SLURMD_NODENAME:-}
if [ -z "$node" ]; then
    read -r node </proc/sys/kernel/hostname
    node=${node%%.*}
fi

# JSON by hand, byte by byte, as LC_ALL=C has it. What is not UTF-8 becomes U+FFFD.
json_text() {
    case $1 in
    *[!\ -~]* | *[\"\\]*) escaped "$1" ;;
    *) printf '"%s"' "$1" ;;
    esac
}

name_bytes() {
    read -r x80 x8f x90 x9f xa0 xbf xc2 xdf xe0 xe1 xec xed xee xef xf0 xf1 xf3 xf4 xff <<END
$(printf '\200 \217 \220 \237 \240 \277 \302 \337 \340 \341 \354 \355 \356 \357 \360 \361 \363 \364 \377')
END
    more="[$x80-$xbf]"
    special="[[:cntrl:]\"\\\\$x80-$xff]"
}
special=

escaped() {
    [ -n "$special" ] || name_bytes
    left=$1
    printf '"'
    while :; do
        plain=${left%%$special*}
        printf %s "$plain"
        left=${left#"$plain"}
        rest=${left#?}
        case $left in
        '') break ;;
        [\"\\]*) printf '\\%s' "${left%"$rest"}" ;;
        [[:cntrl:]]*) printf '\\u%04x' "'$left" ;;
        [$xc2-$xdf]$more*) utf8 "${left#??}" ;;
        $xe0[$xa0-$xbf]$more* | [$xe1-$xec]$more$more* | $xed[$x80-$x9f]$more* | [$xee-$xef]$more$more*) utf8 "${left#???}" ;;
        $xf0[$x90-$xbf]$more$more* | [$xf1-$xf3]$more$more$more* | $xf4[$x80-$x8f]$more$more*) utf8 "${left#????}" ;;
        *) printf '\357\277\275' ;;
        esac
        left=$rest
    done
    printf '"'
}

utf8() {
    rest=$1
    printf %s "${left%"$rest"}"
}

# A member of the object, unless its value is empty.
text() {
    [ -n "$2" ] || return 0
    printf ',"%s":' "$1"
    json_text "$2"
}

# The same for a whole number; anything else is left out.
number() {
    case $2 in
    '' | *[!0-9]* | ????????????????*) ;;
    *) without_zeros "$2" && printf ',"%s":%s' "$1" "$digits" ;;
    esac
}

# Arithmetic would take 010 for octal.
without_zeros() {
    digits=$1
    while :; do
        case $digits in
        0?*) digits=${digits#0} ;;
        *) return 0 ;;
        esac
    done
}

# What tells the run of the job and who speaks: the first members of its event.
identity() {
    printf '{"job_id":'
    json_text "$job"
    text timestamp "$now"
    case $event in *_slurmctld) ;; *) text node "$node" ;; esac
    text cluster "${SLURM_CLUSTER_NAME:-}"
    number restart "${SLURM_JOB_RESTART_COUNT:-}"
    text sluid "${SLURM_JOB_SLUID:-}"
    text observed_by hook
}

# The job's cgroup: version 2 below any slice, with the node's name before the scope or without, by job id or (26.05) by
# SLUID, in a container below its own cgroup; then version 1.
cgroups=${NAVARCH_HOOK_ROOT:-}/sys/fs/cgroup
own_group=
if [ -r "${NAVARCH_HOOK_ROOT:-}/proc/self/cgroup" ]; then
    while IFS=: read -r hierarchy _ path; do
        [ "$hierarchy" = 0 ] && own_group=$path
    done <"${NAVARCH_HOOK_ROOT:-}/proc/self/cgroup"
fi

find_cgroup() {
    cgroup=
    case $job in *[!0-9]*) return 1 ;; esac
    above=${own_group%/}
    while :; do
        for scope in "$cgroups$above"/slurmstepd.scope "$cgroups$above/${node}_slurmstepd.scope" \
            "$cgroups$above"/*.slice/slurmstepd.scope "$cgroups$above"/*.slice/"${node}_slurmstepd.scope"; do
            for cgroup in "$scope/job_$job" "$scope/${SLURM_JOB_SLUID:-job_$job}"; do
                [ -d "$cgroup" ] && cgroup_version=v2 && return 0
            done
        done
        [ -n "$above" ] || break
        above=${above%/*}
    done
    for controller in cpuacct cpu,cpuacct memory cpuset devices freezer; do
        for slurm in slurm "slurm_$node"; do
            cgroup=$cgroups/$controller/$slurm/uid_${SLURM_JOB_UID:-0}/job_$job
            [ -d "$cgroup" ] && cgroup_version=v1 && return 0
        done
    done
    return 1
}

# Slurm gives the raw wait status: 256 is exit 1, 9 is signal 9, 139 is signal 11 with a core, 253 is its own mark for
# memory that ran out (signal 125). Versions before 22.05 give none on nodes.
decode_exit() {
    status= signal=
    case ${SLURM_JOB_EXIT_CODE:-} in
    '' | *[!0-9]* | ???????????*)
        case ${SLURM_JOB_EXIT_CODE2:-} in
        *[!0-9:]* | *:*:*) ;;
        ?*:?*) status=${SLURM_JOB_EXIT_CODE2%:*} signal=${SLURM_JOB_EXIT_CODE2#*:} ;;
        esac
        ;;
    *)
        without_zeros "$SLURM_JOB_EXIT_CODE"
        status=$((digits >> 8 & 255)) signal=$((digits & 127))
        ;;
    esac
}

tell_event() {
    identity
    decode_exit
    number exit_code "$status"
    case $signal in 0) ;; *) number signal "$signal" ;; esac
    # The service judges by the exit status and by Slurm; the field is the document's.
    case $status,$signal in
    , | 0,0) text final_state completed ;;
    *) text final_state failed ;;
    esac
    tell_node
    printf '}'
}

# The last figures, where the cgroup is still there: with PrologFlags=RunInJob, or while a step has not gone yet.
tell_node() {
    find_cgroup || return 0
    metrics=$("final_$cgroup_version")
    [ -n "$metrics" ] && printf ',"final_metrics":{"source":"cgroup-%s"%s}' "$cgroup_version" "$metrics"
}

final_v2() {
    value_of usage_usec "$cgroup/cpu.stat" && seconds cpu_seconds "$value" 6
    first_line "$cgroup/memory.peak" && number memory_peak_bytes "$value"
    value_of oom_kill "$cgroup/memory.events" && number oom_kills "$value"
}

final_v1() {
    memory=$cgroups/memory/${cgroup#"$cgroups"/*/}
    first_line "$cgroup/cpuacct.usage" && seconds cpu_seconds "$value" 9
    first_line "$memory/memory.max_usage_in_bytes" && number memory_peak_bytes "$value"
    value_of oom_kill "$memory/memory.oom_control" && number oom_kills "$value"
}

first_line() {
    [ -r "$1" ] && read -r value <"$1"
}

value_of() {
    [ -r "$2" ] || return 1
    while read -r key value; do
        [ "$key" = "$1" ] && return 0
    done <"$2"
    return 1
}

# $2 in units of 10^-$3 seconds.
seconds() {
    case $2 in '' | *[!0-9]* | ???????????????????*) return 0 ;; esac
    unit=1000000
    [ "$3" = 9 ] && unit=1000000000
    printf ",\"%s\":%d.%0$3d" "$1" $(($2 / unit)) $(($2 % unit))
}

# One event to the service: $1 is its kind, standard input its JSON. The token goes to curl by a file descriptor, where no
# process list shows it. Leaves what the service said in `answer` and its HTTP status, or 000, in `code`.
post() {
    answer=$(
        curl -q --config /dev/fd/3 --data-binary @- 2>&1 3<<END
silent
show-error
url = "$url/v1/events/job-$1"
header = "Content-Type: application/json"
header = "Expect:"
$authorization
connect-timeout = 2
max-time = $timeout
write-out = "\n%{http_code}"
END
    )
    code=${answer##*
}
    answer=${answer%
*}
    answer=${answer%
}
    case $code in [0-9][0-9][0-9]) ;; *) code=000 ;; esac
    [ "${#answer}" -gt 500 ] && answer=$(printf '%.500s' "$answer")
}

# Sends what waits, as one process at a time. One that comes meanwhile leaves a mark and goes: who sends looks for it after
# giving up the lock, so that no event is left behind.
send_queue() {
    until=$(($(date +%s) + 60))
    printf '' >"$queue/.again"
    while [ -e "$queue/.again" ] && [ "$(date +%s)" -lt "$until" ] && take_lock; do
        trap 'rm -f "$queue/.lock"; exit 0' EXIT
        rm -f "$queue/.again"
        send_waiting
        rm -f "$queue/.lock"
        trap 'exit 0' EXIT
    done
    [ -f "$log" ] && [ -w "$log" ] && [ "$(wc -c <"$log")" -gt 1048576 ] && mv -f "$log" "$log.1"
}

# The oldest first, to the first that the service does not take.
send_waiting() {
    set -- "$queue"/*.json
    while [ $# -gt 20000 ]; do
        say "more than 20000 events wait in $queue: the oldest, ${1##*/}, is dropped"
        rm -f "$1"
        shift
    done
    for file; do
        [ -f "$file" ] && [ "$(date +%s)" -lt "$until" ] || return 0
        case $file in
        *.started.*) post started <"$file" ;;
        *) post finished <"$file" ;;
        esac
        case $code in
        2??) rm -f "$file" ;;
        400 | 413 | 415 | 422)
            # It would never be taken, and must not hold up the others.
            say "${file##*/} was refused ($code): $answer"
            set_aside "$file" || return 0
            ;;
        *)
            say "$url does not take what waits in $queue ($code): $answer"
            return 0
            ;;
        esac
    done
}

# What was refused is kept to be looked at: a thousand of it.
set_aside() {
    set -- "$1" "$queue"/refused/*
    [ $# -gt 1000 ] && rm -f "$1" && return
    mkdir -p "$queue/refused" && mv -f "$1" "$queue/refused/"
}

# A lock of a process that is gone, or of an earlier boot, is none.
take_lock() {
    boot=
    [ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id
    for _ in 1 2; do
        set -C
        { printf '%s %s\n' $$ "$boot" >"$queue/.lock"; } 2>/dev/null && set +C && return 0
        set +C
        { read -r holder held_boot <"$queue/.lock"; } 2>/dev/null || continue
        [ "$held_boot" = "$boot" ] && kill -0 "$holder" 2>/dev/null && return 1
        rm -f "$queue/.lock"
    done
    return 1
}

# When a hook has ended, Slurm kills all processes of its group: the sender is in a session of its own before the hook goes on.
start_sender() {
    setsid sh -c 'sh "$0" --send &' "$0" </dev/null >/dev/null 2>&1
}

url=${url%/}
url=${url%/v1}
case $url in
*[!]A-Za-z0-9._~+/=:@%[-]*) url= ;;
http://?* | https://?*) ;;
*) url= ;;
esac
[ -n "$url" ] || say 'OBSERVABILITY_URL must be an address such as http://observability-service:8080'
authorization=
case $token in
'') ;;
*[!A-Za-z0-9._~+/=-]*) say 'OBSERVABILITY_TOKEN has a character that no token has: it is left out' ;;
*) authorization="header = \"Authorization: Bearer $token\"" ;;
esac

if [ "${1-}" = --send ]; then
    send_queue
    exit 0
fi
if [ -n "$noted" ]; then
    start_sender
    exit 0
fi
if [ -z "$job" ]; then
    say 'SLURM_JOB_ID is not set: there is nothing to tell'
    exit 0
fi
now=$(date -u '+%s %Y-%m-%dT%H:%M:%SZ')
stamp=${now%% *}
now=${now#* }
body=$(tell_event)

# A hook of Slurm leaves its event on disk and another process sends it: no job waits for the service. By hand, and where
# that process would end with the hook (an Epilog within the job's cgroup, by PrologFlags=RunInJob), it is sent here.
[ -d "$queue" ] || mkdir -p "$queue" 2>/dev/null
here=$by_hand
case ${own_group-} in */step_extern*) here=yes ;; esac
[ -w "$queue" ] && command -v setsid >/dev/null || here=yes
if [ -n "$here" ]; then
    post "$kind" <<END
$body
END
    case $code in
    2??)
        say "$url answered $code: $answer"
        exit 0
        ;;
    esac
    say "$url did not take the event ($code): $answer"
fi
case $job in *[!A-Za-z0-9._-]*) job=other ;; esac
entry=$stamp.$job.$kind.$$
if { printf '%s' "$body" >"$queue/.$entry"; } 2>/dev/null && mv "$queue/.$entry" "$queue/$entry.json"; then
    [ -n "$here" ] && say "it waits in $queue for the next hook"
    [ -n "$here" ] || start_sender
else
    say "it is lost: $queue cannot be written to"
fi
