
tell_node() {
    cpus_here "${SLURM_JOB_CPUS_PER_NODE:-}"
    number cpu_allocation "${SLURM_CPUS_ON_NODE:-$cpus}"
    number memory_allocation_mb "${SLURM_MEM_PER_NODE:-}"
    gpus
    find_cgroup && text cgroup_path "${cgroup#"${NAVARCH_HOOK_ROOT:-}"}"
}
