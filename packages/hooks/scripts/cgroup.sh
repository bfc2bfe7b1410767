
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
