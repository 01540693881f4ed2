# yes, no, or unknown: whether the program of attempt $pbsweb_try or its qsub still runs, as far as this host can see.
pbsweb_alive() {
    pbsweb_then=$(sed -n 's/^host=//p' "$pbsweb_try/run/begun" 2>/dev/null)
    if [ -z "$pbsweb_then" ] || [ "$pbsweb_then" != "$(uname -n)" ]; then
        echo unknown
        return
    fi
    for pbsweb_pid in $(sed -n 's/^pid=//p' "$pbsweb_try/run/begun") $(cat "$pbsweb_try/run/qsub" 2>/dev/null); do
        if kill -0 "$pbsweb_pid" 2>/dev/null; then
            echo yes
            return
        fi
    done
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
