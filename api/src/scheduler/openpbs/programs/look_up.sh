# What became of one submission: its folder first, then the scheduler, so that the listing is the younger of the two.
pbsweb_file() {
    printf '%s file %s %s\n' "$PBSWEB_marker" "$1" "$2"
    head -c 65536 "$3" 2>/dev/null
    printf '\n'
}

pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    pbsweb_root=${PBSWEB_root:-$HOME/pbsweb}
    pbsweb_dir=$pbsweb_root/.jobs/$PBSWEB_job
    if [ -d "$pbsweb_root/.jobs" ] && [ ! -x "$pbsweb_root/.jobs" ]; then
        pbsweb_seen=unreadable
    elif [ -d "$pbsweb_dir" ]; then
        pbsweb_seen=present
        if [ ! -x "$pbsweb_dir" ] || [ ! -r "$pbsweb_dir" ]; then pbsweb_seen=unreadable; fi
    elif [ -d "$HOME" ]; then
        pbsweb_seen=absent
    else
        pbsweb_seen=unreadable
    fi
    printf '%s folder %s %s %s\n\n' "$PBSWEB_marker" "$pbsweb_seen" "$(date +%s)" "$(uname -n)"
    for pbsweb_try in "$pbsweb_dir"/try-*; do
        if [ -d "$pbsweb_try" ]; then
            pbsweb_n=${pbsweb_try##*/try-}
            # Whether anybody is at it is asked first: what it leaves when it ends is read after.
            if [ -d "$pbsweb_try/run" ]; then pbsweb_run_dir=run; else pbsweb_run_dir=none; fi
            printf '%s try %s %s %s\n\n' "$PBSWEB_marker" "$pbsweb_n" "$pbsweb_run_dir" "$(pbsweb_alive)"
            if [ -f "$pbsweb_try/run/begun" ]; then pbsweb_file "$pbsweb_n" begun "$pbsweb_try/run/begun"; fi
            if [ -f "$pbsweb_try/qsub.out" ]; then pbsweb_file "$pbsweb_n" qsub.out "$pbsweb_try/qsub.out"; fi
            if [ -f "$pbsweb_try/answer" ]; then pbsweb_file "$pbsweb_n" answer "$pbsweb_try/answer"; fi
        fi
    done
    for pbsweb_left in "$pbsweb_dir"/begun "$pbsweb_dir"/begun.* "$pbsweb_dir"/epilogue "$pbsweb_dir"/epilogue.*; do
        if [ -f "$pbsweb_left" ]; then pbsweb_file epilogue "${pbsweb_left##*/}" "$pbsweb_left"; fi
    done
    pbsweb_run server "${pbsweb_bin}qstat" -Bf
    # With history off, -x lists nothing at all (qstat-x-nohistory).
    case $("${pbsweb_bin}qstat" -Bf 2>/dev/null </dev/null) in
        *'job_history_enable = True'*) pbsweb_x=-x ;;
        *) pbsweb_x= ;;
    esac
    # qselect gives one user's ids whole; qstat -u would give a table that cuts them.
    pbsweb_ids=$("${pbsweb_bin}qselect" $pbsweb_x -u "$PBSWEB_login" 2>/dev/null </dev/null)
    pbsweb_run select "${pbsweb_bin}qselect" $pbsweb_x -u "$PBSWEB_login"
    if [ -n "$pbsweb_ids" ]; then
        # Ids of arrays hold brackets, which are no patterns here.
        set -f
        set -- $pbsweb_ids
        # One request for each id: above some number all jobs at once are cheaper, which qstat without ids gives.
        if [ $# -gt 200 ]; then set --; fi
        pbsweb_run jobs "${pbsweb_bin}qstat" $pbsweb_x -f "$@"
        set +f
    fi
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
