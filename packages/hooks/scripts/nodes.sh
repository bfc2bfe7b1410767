
# Expands a hostlist as `scontrol show hostnames` does, into strings of a JSON list. `place` is our node's place in it.
place=
count=0
host() {
    [ "$count" -gt 0 ] && printf ,
    json_text "$1"
    [ "$1" = "$node" ] && place=$count
    count=$((count + 1))
}

# $1: what is expanded of an item; $2: what is not yet. Functions have no variables of their own but their arguments.
expand() {
    case $2 in
    *\[*\]*) ;;
    *) host "$1$2" && return ;;
    esac
    set -- "$1${2%%\[*}" "${2#*\[}"
    set -- "$1" "${2#*\]}" "${2%%\]*},"
    while [ -n "$3" ]; do
        range=${3%%,*}
        first=${range%%-*}
        last=${range##*-}
        case $range,${first:-x}${last:-x} in
        *-*-* | *,*[!0-9]* | *,???????????????????*)
            expand "$1[$range]" "$2"
            first=1 last=0
            ;;
        esac
        without_zeros "$first"
        set -- "$1" "$2" "${3#*,}" "$digits" "$last" "${#first}"
        without_zeros "$last"
        set -- "$1" "$2" "$3" "$4" "$digits" "$6"
        while [ "$4" -le "$5" ] && [ "$count" -lt 100000 ]; do
            digits=$4
            while [ "${#digits}" -lt "$6" ]; do digits=0$digits; done
            expand "$1$digits" "$2"
            set -- "$1" "$2" "$3" $(($4 + 1)) "$5" "$6"
        done
    done
}

# Whether a comma after $1 is within brackets.
in_brackets() {
    case $1 in
    *\[*) ;;
    *) return 1 ;;
    esac
    case ${1##*\[} in
    *\]*) return 1 ;;
    esac
}

hosts() {
    set -- "$1,"
    while [ -n "$1" ]; do
        item=${1%%,*}
        set -- "${1#*,}"
        while [ -n "$1" ] && in_brackets "$item"; do
            item=$item,${1%%,*}
            set -- "${1#*,}"
        done
        [ -n "$item" ] && expand '' "$item"
    done
}

# CPUs of our node by SLURM_JOB_CPUS_PER_NODE: in "2(x3),1" the first three nodes have 2 and the fourth has 1.
cpus_here() {
    cpus=
    case $1 in '' | *[!0-9x\(\),]*) return ;; esac
    [ -n "$place" ] || return
    set -- "$1," "$place"
    while [ -n "$1" ]; do
        item=${1%%,*}
        times=1
        case $item in *\(x*\)) times=${item##*x} times=${times%\)} ;; esac
        case $times in '' | *[!0-9]* | ???????*) return ;; esac
        without_zeros "$times"
        if [ "$2" -lt "$digits" ]; then
            cpus=${item%%\(*}
            return
        fi
        set -- "${1#*,}" $(($2 - digits))
    done
}
