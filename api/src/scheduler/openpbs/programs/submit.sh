# Submits one job at most once. Text after a '#' never carries data; all data are PBSWEB_ variables.
#
# The folder of an attempt holds, in the order of their making:
#   run/         made while getting ready: it says nothing yet
#   answer.PID   room for the answer, taken while a refusal still costs nothing
#   run/begun    who runs qsub: host, pid and the process' start. Made by O_EXCL (set -C): only its maker runs qsub
#   run/qsub     the process number of qsub, and its start
#   qsub.out, qsub.err   what qsub prints, kept even when this program dies
#   answer       exit status and both outputs, complete because it is renamed into place
#
# Each process costs a login node a millisecond or more, and a submission waits for all of them: what a builtin of the shell
# can do is not given to a program. To get ready takes one, mkdir; where the program is run in two steps the caller stores what is
# wished in that time. Then qsub is the only one: mv is not waited for.
#
# Lines of which nothing but a comment is left are not sent.

pbsweb_say() { printf '%s %s\n' "$PBSWEB_marker" "$*"; }

pbsweb_not_started() {
    pbsweb_say "not_started $1"
    printf '%s\n' "$2"
    # What is wrong may be this shell, with which nobody should try again.
    pbsweb_end=1
}

pbsweb_print_answer() {
    pbsweb_say answer
    cat "$pbsweb_try/answer"
    printf '\n'
}

# Somebody else is at it, or was: what is known of them.
pbsweb_print_progress() {
    pbsweb_say in_progress
    if [ -f "$pbsweb_try/run/begun" ]; then
        cat "$pbsweb_try/run/begun"
        date -r "$pbsweb_try/run/begun" +since=%s 2>/dev/null
    fi
    printf 'here=%s\nnow=%s\nalive=%s\n' "$(uname -n)" "$(date +%s)" "$(pbsweb_alive)"
}

# Where everything is; nothing to go on with without a home folder.
pbsweb_places() {
    umask 077
    # When the connection is cut the answer must still be written.
    trap '' HUP PIPE
    if [ -z "$PBSWEB_root" ]; then
        if [ -z "$HOME" ]; then pbsweb_why=folder pbsweb_words='HOME is not set'; return 1; fi
        PBSWEB_root=$HOME/pbsweb
    fi
    pbsweb_dir=$PBSWEB_root/.jobs/$PBSWEB_job
    pbsweb_try=$pbsweb_dir/try-$PBSWEB_attempt
    if [ -z "$PBSWEB_bin" ]; then
        pbsweb_qsub=$(command -v qsub 2>/dev/null)
    else
        pbsweb_qsub=$PBSWEB_bin/qsub
        if [ ! -f "$pbsweb_qsub" ] || [ ! -x "$pbsweb_qsub" ]; then pbsweb_qsub=; fi
    fi
    case $PBSWEB_workdir in
        '') pbsweb_cwd=$pbsweb_dir ;;
        /*) pbsweb_cwd=$PBSWEB_workdir ;;
        *) pbsweb_cwd=$HOME/$PBSWEB_workdir ;;
    esac
}

# Makes what is needed and may fail, and commits to nothing. Leaves in pbsweb_why and pbsweb_words why it failed.
pbsweb_get_ready() {
    pbsweb_why=folder
    # Asked for its words only when it fails: to catch them costs a process more.
    mkdir -p "$pbsweb_try/run" 2>/dev/null || pbsweb_words=$(mkdir -p "$pbsweb_try/run" 2>&1) || return 1
    pbsweb_why=no_qsub
    pbsweb_words="${PBSWEB_bin:+$PBSWEB_bin/}qsub was not found; PATH is $PATH"
    [ -n "$pbsweb_qsub" ] || return 1
    pbsweb_why=workdir
    if [ ! -d "$pbsweb_cwd" ] || [ ! -x "$pbsweb_cwd" ]; then
        pbsweb_words=$(cd "$pbsweb_cwd" 2>&1) || return 1
    fi
    pbsweb_why=disk
    pbsweb_prepare && return
    rm -f "$pbsweb_dir/script.$$" "$pbsweb_try/answer.$$"
    return 1
}

pbsweb_submit() {
    pbsweb_places || { pbsweb_not_started "$pbsweb_why" "$pbsweb_words"; return; }
    if [ -f "$pbsweb_try/answer" ]; then pbsweb_print_answer; return; fi
    if [ ! -f "$pbsweb_try/run/begun" ]; then
        if [ "${pbsweb_is_ready:-}" != 0 ] && ! pbsweb_get_ready; then
            pbsweb_not_started "$pbsweb_why" "$pbsweb_words"
            return
        fi
        # Gives back its blocks, so that a quota that is nearly used up still takes what follows.
        { true >"$pbsweb_try/answer.$$"; } 2>/dev/null
        if pbsweb_begin; then pbsweb_run_qsub; return; fi
        rm -f "$pbsweb_try/answer.$$"
        if [ ! -f "$pbsweb_try/run/begun" ]; then
            pbsweb_not_started disk "$pbsweb_try/run/begun cannot be made"
            return
        fi
    fi

    pbsweb_left=$PBSWEB_wait
    while [ ! -f "$pbsweb_try/answer" ] && [ "$pbsweb_left" -gt 0 ]; do
        sleep 1
        pbsweb_left=$((pbsweb_left - 1))
    done
    if [ -f "$pbsweb_try/answer" ]; then pbsweb_print_answer; else pbsweb_print_progress; fi
}

# The first step of two.
pbsweb_be_ready() {
    pbsweb_places && [ ! -f "$pbsweb_try/answer" ] && [ ! -f "$pbsweb_try/run/begun" ] && pbsweb_get_ready
}

# The word did not come. Whoever begins the attempt may do so alone, also to undo it: the folder is moved away as a whole before
# anything of it is removed, so that another program, should there be one, finds all of its own or nothing.
pbsweb_undo() {
    pbsweb_places || return
    rm -f "$pbsweb_try/answer.$$"
    if [ -d "$pbsweb_try/run" ] && pbsweb_begin && mv "$pbsweb_dir" "$pbsweb_dir.undone.$$"; then
        rm -rf "$pbsweb_dir.undone.$$"
    fi
}

# Everything that may fail for want of space, before qsub is committed to. Leaves in pbsweb_words why it failed.
pbsweb_prepare() {
    # A script that is there already may be read by another attempt's qsub, or be half of one: a whole one takes its place.
    # Of two that find none, one makes it.
    pbsweb_new=script
    set -C
    { printf '%s' "$PBSWEB_script" >"$pbsweb_dir/script"; } 2>/dev/null || pbsweb_new=script.$$
    set +C
    # What a file server refuses when the file is closed, no printf notices; but so short a file it refuses whole.
    if [ "$pbsweb_new" = script ] && [ "$PBSWEB_script_bytes" -le 32768 ] && pbsweb_notices &&
        { printf '%032768d' 0 >"$pbsweb_try/answer.$$"; } 2>/dev/null &&
        [ -s "$pbsweb_dir/script" ] && [ -s "$pbsweb_try/answer.$$" ]; then
        return
    fi
    # Otherwise the sizes tell. The files' names hold no blanks, for they are told from within the folder.
    pbsweb_text=$( {
        if [ "$pbsweb_new" != script ]; then printf '%s' "$PBSWEB_script" >"$pbsweb_dir/$pbsweb_new"; fi
        printf '%032768d' 0 >"$pbsweb_try/answer.$$"
        cd "$pbsweb_try" && exec wc -c "../$pbsweb_new" "answer.$$"
    } 2>&1 )
    set -f
    set -- $pbsweb_text
    set +f
    if [ "${1:-}" != "$PBSWEB_script_bytes" ]; then
        pbsweb_words="the script could not be written whole: ${pbsweb_text:-no space left or over quota}"
        return 1
    fi
    if [ "${3:-}" != 32768 ]; then
        pbsweb_words="no room for the answer: ${pbsweb_text:-no space left or over quota}"
        return 1
    fi
    [ "$pbsweb_new" = script ] || pbsweb_words=$(mv -f "$pbsweb_dir/$pbsweb_new" "$pbsweb_dir/script" 2>&1)
}

# Whether the shell's printf notices that a disk is full: not every one does.
pbsweb_notices() {
    [ -c /dev/full ] || return 1
    ! { printf x >/dev/full; } 2>/dev/null
}

# Notes who runs qsub: this process, which in a shell for many programs is not $$. Fails when somebody was here before.
pbsweb_begin() {
    { read -r pbsweb_host </proc/sys/kernel/hostname; } 2>/dev/null || pbsweb_host=$(uname -n)
    pbsweb_stat=
    { read -r pbsweb_me pbsweb_stat </proc/self/stat; } 2>/dev/null || pbsweb_me=$$
    pbsweb_start_in "$pbsweb_stat"
    set -C
    { true >"$pbsweb_try/run/begun"; } 2>/dev/null
    pbsweb_is_mine=$?
    set +C
    [ "$pbsweb_is_mine" = 0 ] || return 1
    # What cannot be written is not known later; that somebody began is.
    { printf 'host=%s\npid=%s\nstart=%s\n' "$pbsweb_host" "$pbsweb_me" "$pbsweb_start" >"$pbsweb_try/run/begun"; } 2>/dev/null
    return 0
}

# The answer: a header, an empty line, standard output, standard error.
pbsweb_answer='status=%s\nstdout_bytes=%s\nstderr_bytes=%s\n\n%s'

pbsweb_run_qsub() {
    # In the background only to learn its process number; the path with '..' is its mark in ps.
    (
        cd "$pbsweb_cwd" || exit 126
        # With -V the job inherits it.
        LC_ALL=$pbsweb_language
        exec "$pbsweb_qsub" @ARGUMENTS@ "$pbsweb_try/../script"
    ) </dev/null >"$pbsweb_try/qsub.out" 2>"$pbsweb_try/qsub.err" &
    pbsweb_pid=$!
    pbsweb_stat=
    { read -r pbsweb_stat <"/proc/$pbsweb_pid/stat"; } 2>/dev/null
    pbsweb_start_in "$pbsweb_stat"
    echo "$pbsweb_pid $pbsweb_start" >"$pbsweb_try/run/qsub"
    # A shell remarks on a child that was killed.
    wait "$pbsweb_pid" 2>/dev/null
    pbsweb_status=$?
    if pbsweb_read_line && printf "$pbsweb_answer" "$pbsweb_status" "$((${#pbsweb_line} + 1))" 0 "$pbsweb_line
" >"$pbsweb_try/answer.$$" 2>/dev/null; then
        # The caller need not wait: qsub.out says the same.
        mv -f "$pbsweb_try/answer.$$" "$pbsweb_try/answer" >/dev/null 2>&1 &
        pbsweb_say answer
        printf "$pbsweb_answer" "$pbsweb_status" "$((${#pbsweb_line} + 1))" 0 "$pbsweb_line
"
        printf '\n'
        return
    fi
    # The sizes of both, by one program; the names hold no blanks.
    set -- $(cd "$pbsweb_try" && exec wc -c qsub.out qsub.err 2>/dev/null)
    pbsweb_out=
    pbsweb_err=
    if [ "${2:-}" = qsub.out ] && [ "${4:-}" = qsub.err ]; then
        pbsweb_out=$1
        pbsweb_err=$3
    fi
    if {
        printf "$pbsweb_answer" "$pbsweb_status" "$pbsweb_out" "$pbsweb_err" '' &&
            cat "$pbsweb_try/qsub.out" "$pbsweb_try/qsub.err"
    } >"$pbsweb_try/answer.$$" 2>/dev/null && mv -f "$pbsweb_try/answer.$$" "$pbsweb_try/answer"; then
        pbsweb_print_answer
    else
        # The disk is full: say it at least. A later look finds qsub.out and the scheduler's listing.
        rm -f "$pbsweb_try/answer.$$"
        pbsweb_say answer
        printf "$pbsweb_answer" "$pbsweb_status" "$pbsweb_out" "$pbsweb_err" ''
        cat "$pbsweb_try/qsub.out" "$pbsweb_try/qsub.err"
        printf '\n'
    fi
}

# What qsub prints as a rule: one line, and no error. Anything else is left to programs that take any bytes.
pbsweb_read_line() {
    [ ! -s "$pbsweb_try/qsub.err" ] && [ -s "$pbsweb_try/qsub.out" ] || return 1
    {
        IFS= read -r pbsweb_line || return 1
        ! IFS= read -r pbsweb_more && [ -z "$pbsweb_more" ]
    } <"$pbsweb_try/qsub.out" || return 1
    case $pbsweb_line in
        *[!][A-Za-z0-9._:@-]*) return 1 ;;
    esac
}

pbsweb_end=0
case ${pbsweb_step:-} in
    ready) pbsweb_be_ready; exit ;;
    undo) pbsweb_undo; exit ;;
esac
pbsweb_submit
pbsweb_say done
exit "$pbsweb_end"
