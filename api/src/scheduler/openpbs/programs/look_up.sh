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
            pbsweb_is=$(pbsweb_alive)
            printf '%s try %s %s %s\n\n' "$PBSWEB_marker" "$pbsweb_n" "$pbsweb_run_dir" "$pbsweb_is"
            if [ $pbsweb_run_dir = run ] && { [ "$pbsweb_is" = no ] || [ -f "$pbsweb_try/answer" ]; }; then
                # From now on nothing more is sent to the scheduler; what was sent may still be on its way.
                [ -s "$pbsweb_try/run/gone" ] || date +%s >"$pbsweb_try/run/gone"
                pbsweb_file "$pbsweb_n" gone "$pbsweb_try/run/gone"
            fi
            if [ -f "$pbsweb_try/run/begun" ]; then
                pbsweb_file "$pbsweb_n" begun "$pbsweb_try/run/begun"
                # The time is noted a moment after the rest; should that have failed, the file has one of its own.
                grep -q '^since=' "$pbsweb_try/run/begun" || date -r "$pbsweb_try/run/begun" +since=%s 2>/dev/null
            fi
            if [ -f "$pbsweb_try/qsub.out" ]; then pbsweb_file "$pbsweb_n" qsub.out "$pbsweb_try/qsub.out"; fi
            if [ -f "$pbsweb_try/answer" ]; then pbsweb_file "$pbsweb_n" answer "$pbsweb_try/answer"; fi
        fi
    done
    printf '%s file epilogue notes\n' "$PBSWEB_marker"
    pbsweb_notes
    printf '\n'
    pbsweb_run server "${pbsweb_bin}qstat" -Bf
    # With history off, -x lists nothing at all (qstat-x-nohistory).
    case $("${pbsweb_bin}qstat" -Bf 2>/dev/null </dev/null) in
        *'job_history_enable = True'*) pbsweb_x=-x ;;
        *) pbsweb_x= ;;
    esac
    # Only this user's jobs of since this one was made. qselect gives ids whole; qstat -u would give a table that cuts them.
    pbsweb_selected=$( { pbsweb_run select "${pbsweb_bin}qselect" $pbsweb_x -u "$PBSWEB_login" ${PBSWEB_since:+"-tc.ge.$PBSWEB_since"}; } 3>&1 )
    printf '%s\n' "$pbsweb_selected"
    # Ids of arrays hold brackets, which are no patterns here.
    set -f
    set -- $(printf '%s\n' "$pbsweb_selected" | grep '^[0-9][0-9]*\(\[\]\)\{0,1\}\.')
    pbsweb_part=0
    while [ $# -gt 0 ]; do
        pbsweb_some=
        pbsweb_n=0
        while [ $# -gt 0 ] && [ "$pbsweb_n" -lt 200 ]; do
            pbsweb_some="$pbsweb_some $1"
            pbsweb_n=$((pbsweb_n + 1))
            shift
        done
        pbsweb_part=$((pbsweb_part + 1))
        pbsweb_run "jobs-$pbsweb_part" "${pbsweb_bin}qstat" $pbsweb_x -f $pbsweb_some
    done
    set +f
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
