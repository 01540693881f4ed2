# Runs one command and frames its output, exit status and errors: none can be taken for another.
# Needs file descriptor 3 as the standard output.
pbsweb_run() {
    pbsweb_name=$1
    shift
    printf '%s out %s\n' "$PBSWEB_marker" "$pbsweb_name"
    pbsweb_err=$("$@" 2>&1 >&3 3>&- </dev/null)
    pbsweb_status=$?
    printf '\n%s err %s %s\n%s\n' "$PBSWEB_marker" "$pbsweb_name" "$pbsweb_status" "$pbsweb_err"
}
pbsweb_bin=${PBSWEB_bin:+$PBSWEB_bin/}
