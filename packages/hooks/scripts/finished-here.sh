
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
