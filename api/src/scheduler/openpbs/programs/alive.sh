# yes, no, or unknown: whether the program of attempt $pbsweb_try or its qsub still runs, as far as this host can see.
pbsweb_alive() {
    pbsweb_then=$(sed -n 's/^host=//p' "$pbsweb_try/run/begun" 2>/dev/null)
    if [ -z "$pbsweb_then" ] || [ "$pbsweb_then" != "$(uname -n)" ]; then
        echo unknown
        return
    fi
    # Unquoted: what is not noted is no argument.
    if pbsweb_lives $(sed -n 's/^pid=//p; s/^start=//p' "$pbsweb_try/run/begun") ||
        pbsweb_lives $(cat "$pbsweb_try/run/qsub" 2>/dev/null); then
        echo yes
        return
    fi
    # Between the start of qsub and the writing of its number only its arguments tell.
    if ! pbsweb_ps=$(ps -A -o args= 2>/dev/null); then
        echo unknown
        return
    fi
    case $pbsweb_ps in
        *"$pbsweb_try/../script"*) echo yes ;;
        *) echo no ;;
    esac
}

# Whether the process with this number, and the start that was noted if one was, is there. A busy node gives a number to another
# process within minutes.
pbsweb_lives() {
    kill -0 "${1:-}" 2>/dev/null || return 1
    [ -n "${2:-}" ] || return 0
    { read -r pbsweb_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    pbsweb_start_in "$pbsweb_stat"
    [ "$pbsweb_start" = "$2" ]
}

# When a process started, in the kernel's count, from /proc/PID/stat: the twentieth after its name, which may hold anything. Empty
# where there is none.
pbsweb_start_in() {
    set -- ${1##*) }
    pbsweb_start=${20:-}
}
