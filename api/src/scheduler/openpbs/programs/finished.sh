# What the scheduler remembers of these jobs, and what their own epilogues left. The files are read last: a job that
# the scheduler no longer knows has left its traces by then.
pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    pbsweb_run finished "${pbsweb_bin}qstat" -x -f @IDS@
    # With history off, -x prints nothing, not even of jobs that are there (qstat-x-nohistory).
    case $pbsweb_err in
        *'not configured to maintain job history'*) pbsweb_run plain "${pbsweb_bin}qstat" -f @IDS@ ;;
    esac
    for pbsweb_job in @JOBS@; do
        pbsweb_dir=${PBSWEB_root:-$HOME/pbsweb}/.jobs/$pbsweb_job
        # What a submission that was killed had begun to write: nobody goes on with it now.
        rm -f "$pbsweb_dir"/script.[0-9]* "$pbsweb_dir"/try-*/answer.[0-9]*
        # How many subjobs there are to end is told by the script's own directive.
        pbsweb_range=$(sed -n 's/^#PBS -J *\([0-9][0-9:%-]*\).*/\1/p' "$pbsweb_dir/script" 2>/dev/null | head -n 1)
        if [ -n "$pbsweb_range" ]; then
            printf '%s file %s range\n%s\n' "$PBSWEB_marker" "$pbsweb_job" "$pbsweb_range"
        fi
        for pbsweb_file in "$pbsweb_dir"/begun "$pbsweb_dir"/begun.* "$pbsweb_dir"/epilogue "$pbsweb_dir"/epilogue.*; do
            if [ -f "$pbsweb_file" ]; then
                printf '%s file %s %s\n' "$PBSWEB_marker" "$pbsweb_job" "${pbsweb_file##*/}"
                head -c 4096 "$pbsweb_file" 2>/dev/null
                printf '\n'
            fi
        done
    done
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
