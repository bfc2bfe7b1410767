
# GPUs of the job on this node. nvidia-smi is not asked: it takes seconds where the driver is not kept loaded, and may
# hang on a broken GPU. The driver's files tell the UUIDs, by the number that each device file has.
devices=${NAVARCH_HOOK_ROOT:-}/dev
driver=${NAVARCH_HOOK_ROOT:-}/proc/driver/nvidia/gpus

gpus() {
    cuda=${CUDA_VISIBLE_DEVICES:-}
    rocr=${ROCR_VISIBLE_DEVICES:-}
    case $cuda in NoDevFiles | -1) cuda= ;; esac
    listed=${SLURM_JOB_GPUS:-${cuda:-$rocr}}
    if [ -z "$listed" ] && [ -n "${SLURM_GPUS_ON_NODE:-}" ]; then
        number gpu_allocation "$SLURM_GPUS_ON_NODE"
        return
    fi
    count_ranges "$listed"
    number gpu_allocation "$counted"
    if [ -z "$listed" ]; then
        text gpu_vendor none
        return
    fi
    nvidia= amd=
    [ -e "$devices/nvidiactl" ] && nvidia=yes
    [ -e "$devices/kfd" ] && amd=yes
    # Slurm may set the variables of all vendors; where it sets those of one, that one it is.
    case $cuda,$rocr in
    *GPU-*,* | *MIG-*,* | ?*,) amd= nvidia=yes ;;
    ,?*) nvidia= amd=yes ;;
    esac
    case $nvidia,$amd in
    yes,yes) text gpu_vendor mixed ;;
    yes,) text gpu_vendor nvidia ;;
    ,yes) text gpu_vendor amd ;;
    esac
    names=
    [ -n "$nvidia" ] && name_nvidia "${cuda:-$listed}"
    [ -n "$amd" ] && [ -z "$nvidia" ] && name_amd "${rocr:-$listed}"
    [ -n "$names" ] && printf ',"gpu_devices":[%s]' "${names%,}"
}

# How many numbers "0,2-3" has; a UUID counts as one.
count_ranges() {
    counted=0
    [ -n "$1" ] || return
    set -- "$1,"
    while [ -n "$1" ]; do
        item=${1%%,*}
        case $item in
        *[!0-9-]* | -* | *-*-* | *- | ??????????????????*) counted=$((counted + 1)) ;;
        *-*)
            without_zeros "${item%-*}"
            from=$digits
            without_zeros "${item#*-}"
            counted=$((counted + digits - from + 1))
            ;;
        *) counted=$((counted + 1)) ;;
        esac
        set -- "${1#*,}"
    done
}

name_nvidia() {
    set -- "$1,"
    while [ -n "$1" ]; do
        case ${1%%,*} in
        GPU-* | MIG-*) names=$names$(json_text "${1%%,*}"), ;;
        *) uuid_of "${1%%,*}" && names=$names$(json_text "$uuid"), ;;
        esac
        set -- "${1#*,}"
    done
}

uuid_of() {
    for file in "$driver"/*/information; do
        [ -r "$file" ] || continue
        uuid= minor=
        while read -r key kind value; do
            case $key$kind in
            GPUUUID:) uuid=$value ;;
            DeviceMinor:) minor=$value ;;
            esac
        done <"$file"
        # Before its first use a GPU shows question marks.
        case $minor,$uuid in *\?*) ;; "$1,GPU-"*) return 0 ;; esac
    done
    return 1
}

name_amd() {
    set -- "$1,"
    while [ -n "$1" ]; do
        case ${1%%,*} in
        '' | *[!0-9]*) names=$names$(json_text "${1%%,*}"), ;;
        *) names=$names\"card${1%%,*}\", ;;
        esac
        set -- "${1#*,}"
    done
}
