# What became of submissions of one account: their folders first, then the scheduler, so that the listing is the younger. However many
# jobs the account has, little is said of those that are not asked for.
pbsweb_file() {
    printf '%s file %s %s\n' "$PBSWEB_marker" "$1" "$2"
    head -c 65536 "$3" 2>/dev/null
    printf '\n'
}

# One submission's folder.
pbsweb_look() {
    pbsweb_dir=$pbsweb_root/.jobs/$pbsweb_job
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
    printf '%s folder %s %s %s\n\n' "$PBSWEB_marker" "$pbsweb_job" "$pbsweb_seen" "$(date +%s)"
    for pbsweb_try in "$pbsweb_dir"/try-*; do
        if [ -d "$pbsweb_try" ]; then
            pbsweb_n=${pbsweb_try##*/try-}
            # Whether anybody is at it is asked first: what it leaves when it ends is read after.
            if [ -f "$pbsweb_try/run/begun" ]; then pbsweb_stage=begun; else pbsweb_stage=none; fi
            pbsweb_is=$(pbsweb_alive)
            printf '%s try %s %s %s\n\n' "$PBSWEB_marker" "$pbsweb_n" "$pbsweb_stage" "$pbsweb_is"
            if [ $pbsweb_stage = begun ] && { [ "$pbsweb_is" = no ] || [ -f "$pbsweb_try/answer" ]; }; then
                # From now on nothing more is sent to the scheduler; what was sent may still be on its way.
                [ -s "$pbsweb_try/run/gone" ] || date +%s >"$pbsweb_try/run/gone"
                pbsweb_file "$pbsweb_n" gone "$pbsweb_try/run/gone"
            fi
            if [ -f "$pbsweb_try/run/begun" ]; then
                pbsweb_file "$pbsweb_n" begun "$pbsweb_try/run/begun"
                date -r "$pbsweb_try/run/begun" +since=%s 2>/dev/null
            fi
            if [ -f "$pbsweb_try/qsub.out" ]; then pbsweb_file "$pbsweb_n" qsub.out "$pbsweb_try/qsub.out"; fi
            if [ -f "$pbsweb_try/answer" ]; then pbsweb_file "$pbsweb_n" answer "$pbsweb_try/answer"; fi
        fi
    done
    # That there are any is enough.
    printf '%s file epilogue notes\n' "$PBSWEB_marker"
    pbsweb_notes | head -n 20
    printf '\n'
}

# Runs qstat for these jobs and passes on those in which a tag of ours stands. Of the others it only counts which were not shown, or
# shown without having been asked for: any of them may be one of ours. The status is qstat's.
pbsweb_tagged() {
    pbsweb_asked=$1
    shift
    { "$@" $pbsweb_asked; printf '\n%s %s\n' "$PBSWEB_marker" "$?"; } | awk -v tags="$PBSWEB_jobs" -v asked="$pbsweb_asked" \
        -v marker="$PBSWEB_marker" -v part="$pbsweb_part" '
        function end_job(    rest, at, is_ours) {
            if (id == "") return
            if (id in left) delete left[id]; else n_odd++
            # qstat folds long lines anywhere.
            rest = joined
            while ((at = index(rest, "PBSWEB_JOB=")) > 0) {
                rest = substr(rest, at + 11)
                if (substr(rest, 1, 36) in ours) is_ours = 1
            }
            if (is_ours) printf "%s\n", raw
            id = ""
        }
        BEGIN {
            n = split(tags, names, " "); for (i = 1; i <= n; i++) ours[names[i]]
            n = split(asked, names, " "); for (i = 1; i <= n; i++) left[names[i]]
            status = 1
        }
        index($0, marker " ") == 1 { end_job(); status = $2; next }
        index($0, "Job Id: ") == 1 { end_job(); id = $3; raw = $0; joined = $0; next }
        id != "" {
            raw = raw "\n" $0
            if (substr($0, 1, 1) == "\t") joined = joined substr($0, 2); else joined = joined "\n" $0
        }
        END {
            for (name in left) n_odd++
            printf "\n%s unseen %s %d\n", marker, part, n_odd
            exit status
        }'
}

pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    pbsweb_root=${PBSWEB_root:-$HOME/pbsweb}
    for pbsweb_job in $PBSWEB_jobs; do pbsweb_look; done
    pbsweb_run server "${pbsweb_bin}qstat" -Bf
    # With history off, -x lists nothing at all (qstat-x-nohistory).
    case $("${pbsweb_bin}qstat" -Bf 2>/dev/null </dev/null) in
        *'job_history_enable = True'*) pbsweb_x=-x ;;
        *) pbsweb_x= ;;
    esac
    # Only this user's jobs of since the first one was made. qselect gives ids whole; qstat -u would give a table that cuts them.
    pbsweb_selected=$( { pbsweb_run select "${pbsweb_bin}qselect" $pbsweb_x -u "$PBSWEB_login" ${PBSWEB_since:+"-tc.ge.$PBSWEB_since"}; } 3>&1 )
    printf '%s\n' "$pbsweb_selected" | grep -v '^[0-9][0-9]*\(\[\]\)\{0,1\}\.'
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
        pbsweb_run "jobs-$pbsweb_part" pbsweb_tagged "$pbsweb_some" "${pbsweb_bin}qstat" $pbsweb_x -f
    done
    printf '%s parts %s\n\n' "$PBSWEB_marker" "$pbsweb_part"
    set +f
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
