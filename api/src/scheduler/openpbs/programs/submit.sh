# Submits one job at most once. Text after a '#' never carries data; all data are PBSWEB_ variables.
#
# The folder of an attempt holds, in the order of their making:
#   before.PID  who is about to try, written while a refusal still costs nothing
#   run/        made by mkdir, which is atomic: only its maker runs qsub
#   run/begun   the maker's before.PID: host, pid, time
#   run/qsub    the process number of qsub
#   qsub.out, qsub.err   what qsub prints, kept even when this program dies
#   answer      exit status and both outputs, complete because it is renamed into place
pbsweb_size() { { wc -c <"$1" | tr -d ' '; } 2>/dev/null; }

pbsweb_say() { printf '%s %s\n' "$PBSWEB_marker" "$*"; }

pbsweb_not_started() {
    pbsweb_say "not_started $1"
    printf '%s\n' "$2"
}

pbsweb_print_answer() {
    pbsweb_say answer
    cat "$pbsweb_try/answer"
    printf '\n'
}

# Somebody else is at it, or was: what is known of them.
pbsweb_print_progress() {
    pbsweb_say in_progress
    if [ -f "$pbsweb_try/run/begun" ]; then cat "$pbsweb_try/run/begun"; fi
    printf 'here=%s\nnow=%s\nalive=%s\n' "$(uname -n)" "$(date +%s)" "$(pbsweb_alive)"
}

pbsweb_submit() {
    umask 077
    # When the connection is cut the answer must still be written.
    trap '' HUP PIPE
    if [ -z "$PBSWEB_root" ]; then
        if [ -z "$HOME" ]; then pbsweb_not_started folder 'HOME is not set'; return; fi
        PBSWEB_root=$HOME/pbsweb
    fi
    pbsweb_dir=$PBSWEB_root/.jobs/$PBSWEB_job
    pbsweb_try=$pbsweb_dir/try-$PBSWEB_attempt
    if [ -f "$pbsweb_try/answer" ]; then pbsweb_print_answer; return; fi

    if ! pbsweb_text=$(mkdir -p "$pbsweb_try" 2>&1); then pbsweb_not_started folder "$pbsweb_text"; return; fi
    if [ ! -d "$pbsweb_try/run" ]; then
        pbsweb_qsub=$(command -v "${PBSWEB_bin:+$PBSWEB_bin/}qsub" 2>/dev/null)
        if [ -z "$pbsweb_qsub" ]; then
            pbsweb_not_started no_qsub "${PBSWEB_bin:+$PBSWEB_bin/}qsub was not found; PATH is $PATH"
            return
        fi
        case $PBSWEB_workdir in
            '') pbsweb_cwd=$pbsweb_dir ;;
            /*) pbsweb_cwd=$PBSWEB_workdir ;;
            *) pbsweb_cwd=$HOME/$PBSWEB_workdir ;;
        esac
        if ! pbsweb_text=$(cd "$pbsweb_cwd" 2>&1); then pbsweb_not_started workdir "$pbsweb_text"; return; fi
        pbsweb_prepare || return
        if pbsweb_text=$(mkdir "$pbsweb_try/run" 2>&1); then
            mv -f "$pbsweb_try/before.$$" "$pbsweb_try/run/begun"
            # Gives back its blocks, so that a quota that is nearly used up still takes the answer.
            rm -f "$pbsweb_try/reserve.$$"
            pbsweb_run_qsub
            return
        fi
        rm -f "$pbsweb_try/before.$$" "$pbsweb_try/reserve.$$"
        if [ ! -d "$pbsweb_try/run" ]; then pbsweb_not_started disk "$pbsweb_text"; return; fi
    fi

    pbsweb_left=$PBSWEB_wait
    while [ ! -f "$pbsweb_try/answer" ] && [ "$pbsweb_left" -gt 0 ]; do
        sleep 1
        pbsweb_left=$((pbsweb_left - 1))
    done
    if [ -f "$pbsweb_try/answer" ]; then pbsweb_print_answer; else pbsweb_print_progress; fi
}

# Everything that may fail for want of space, before qsub is committed to. Prints the reply when it fails.
pbsweb_prepare() {
    pbsweb_tmp=$pbsweb_dir/script.$$
    pbsweb_text=$( { printf '%s' "$PBSWEB_script" >"$pbsweb_tmp"; } 2>&1 )
    if [ "$(pbsweb_size "$pbsweb_tmp")" != "$PBSWEB_script_bytes" ]; then
        rm -f "$pbsweb_tmp"
        pbsweb_not_started disk "the script could not be written whole: ${pbsweb_text:-no space left or over quota}"
        return 1
    fi
    if ! pbsweb_text=$(mv -f "$pbsweb_tmp" "$pbsweb_dir/script" 2>&1); then
        rm -f "$pbsweb_tmp"
        pbsweb_not_started disk "$pbsweb_text"
        return 1
    fi
    pbsweb_text=$( {
        printf '%0100000d' 0 >"$pbsweb_try/reserve.$$" &&
            printf 'host=%s\npid=%s\nsince=%s\n' "$(uname -n)" "$$" "$(date +%s)" >"$pbsweb_try/before.$$"
    } 2>&1 )
    if [ "$(pbsweb_size "$pbsweb_try/reserve.$$")" != 100000 ] || [ ! -s "$pbsweb_try/before.$$" ]; then
        rm -f "$pbsweb_try/before.$$" "$pbsweb_try/reserve.$$"
        pbsweb_not_started disk "no room for the answer: ${pbsweb_text:-no space left or over quota}"
        return 1
    fi
}

pbsweb_run_qsub() {
    # In the background only to learn its process number; the path with '..' is its mark in ps.
    (
        cd "$pbsweb_cwd" || exit 126
        exec "$pbsweb_qsub" @ARGUMENTS@ "$pbsweb_try/../script"
    ) </dev/null >"$pbsweb_try/qsub.out" 2>"$pbsweb_try/qsub.err" &
    pbsweb_pid=$!
    echo "$pbsweb_pid" >"$pbsweb_try/run/qsub"
    # A shell remarks on a child that was killed.
    wait "$pbsweb_pid" 2>/dev/null
    pbsweb_status=$?
    pbsweb_out=$(pbsweb_size "$pbsweb_try/qsub.out")
    pbsweb_err=$(pbsweb_size "$pbsweb_try/qsub.err")
    if {
        printf 'status=%s\nstdout_bytes=%s\nstderr_bytes=%s\nended=%s\n\n' \
            "$pbsweb_status" "$pbsweb_out" "$pbsweb_err" "$(date +%s)" &&
            cat "$pbsweb_try/qsub.out" "$pbsweb_try/qsub.err"
    } >"$pbsweb_try/answer.$$" 2>/dev/null && mv -f "$pbsweb_try/answer.$$" "$pbsweb_try/answer"; then
        pbsweb_print_answer
    else
        # The disk is full: say it at least. A later look finds qsub.out and the scheduler's listing.
        rm -f "$pbsweb_try/answer.$$"
        pbsweb_say answer
        printf 'status=%s\nstdout_bytes=%s\nstderr_bytes=%s\nended=%s\n\n' \
            "$pbsweb_status" "$pbsweb_out" "$pbsweb_err" "$(date +%s)"
        cat "$pbsweb_try/qsub.out" "$pbsweb_try/qsub.err"
        printf '\n'
    fi
}

pbsweb_submit
pbsweb_say done
