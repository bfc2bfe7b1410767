
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
