
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
