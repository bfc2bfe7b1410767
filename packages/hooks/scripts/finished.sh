
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
