
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
