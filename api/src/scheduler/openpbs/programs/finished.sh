# What the scheduler remembers of these jobs and their subjobs, and what they left themselves. The files are read last: a job that
# the scheduler no longer knows has left its traces by then.
pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    printf '%s clock %s\n\n' "$PBSWEB_marker" "$(date +%s)"
    pbsweb_run finished "${pbsweb_bin}qstat" -x -t -f @IDS@
    # With history off, -x prints nothing, not even of jobs that are there (qstat-x-nohistory).
    case $pbsweb_err in
        *'not configured to maintain job history'*) pbsweb_run plain "${pbsweb_bin}qstat" -t -f @IDS@ ;;
    esac
    pbsweb_unknown=$pbsweb_err
    pbsweb_accounting=$(sed -n 's/^[[:space:]]*PBS_HOME=//p' "${PBS_CONF_FILE:-/etc/pbs.conf}" 2>/dev/null | tail -n 1)
    pbsweb_accounting=${pbsweb_accounting:-/var/spool/pbs}/server_priv/accounting
    set -- @IDS@
    for pbsweb_job in @JOBS@; do
        pbsweb_id=$1
        shift
        pbsweb_dir=${PBSWEB_root:-$HOME/pbsweb}/.jobs/$pbsweb_job
        # What a submission that was killed had begun to write: nobody goes on with it now.
        rm -f "$pbsweb_dir"/script.[0-9]* "$pbsweb_dir"/try-*/answer.[0-9]*
        # How many subjobs there are to end is told by the script's own directive.
        pbsweb_range=$(sed -n 's/^#PBS -J *\([0-9][0-9:%-]*\).*/\1/p' "$pbsweb_dir/script" 2>/dev/null | head -n 1)
        if [ -n "$pbsweb_range" ]; then
            printf '%s file %s range\n%s\n' "$PBSWEB_marker" "$pbsweb_job" "$pbsweb_range"
        fi
        printf '%s file %s notes\n' "$PBSWEB_marker" "$pbsweb_job"
        pbsweb_notes
        printf '\n'
        case $pbsweb_unknown in
            *"Unknown Job Id $pbsweb_id"*) pbsweb_last_traces ;;
        esac
    done
}

# Of a job that the scheduler has forgotten: why PBS killed it, which it writes into the job's errors, and the accounting of
# the days since it was submitted, where this account may read it.
pbsweb_last_traces() {
    if [ -f "$pbsweb_dir/begun" ] && [ ! -f "$pbsweb_dir/epilogue" ]; then
        for pbsweb_file in "$pbsweb_dir/stderr" "$pbsweb_dir/stdout"; do
            if [ -f "$pbsweb_file" ]; then
                printf '%s file %s killed\n' "$PBSWEB_marker" "$pbsweb_job"
                tail -c 4096 "$pbsweb_file" 2>/dev/null | grep -a '^=>> PBS: job killed: ' | tail -n 1
                printf '\n'
            fi
        done
    fi
    if [ -r "$pbsweb_accounting" ] && [ -x "$pbsweb_accounting" ]; then
        printf '%s accounting %s\n' "$PBSWEB_marker" "$pbsweb_job"
        find "$pbsweb_accounting/." ! -name . -prune -type f -newer "$pbsweb_dir/script" \
            -exec grep -h -F -e ";E;$pbsweb_id;" -e ";D;$pbsweb_id;" -e ";A;$pbsweb_id;" -e ";R;$pbsweb_id;" {} + \
            2>/dev/null | tail -n 50
        printf '\n'
    fi
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
