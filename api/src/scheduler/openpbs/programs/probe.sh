# The connection check: who and where, which commands, what the server says, whether files can be written.
pbsweb_fact() { printf '%s fact %s\n%s\n' "$PBSWEB_marker" "$1" "$2"; }

# The first folder that holds both commands; nothing when the PATH does.
pbsweb_find() {
    if [ -n "$PBSWEB_bin" ]; then
        set -- "$PBSWEB_bin"
    else
        pbsweb_q=$(command -v qstat 2>/dev/null)
        case $pbsweb_q in
            /*) set -- "${pbsweb_q%/*}" ;;
            *) set -- ;;
        esac
        pbsweb_exec=$(sed -n 's/^[[:space:]]*PBS_EXEC=//p' /etc/pbs.conf 2>/dev/null | tail -n 1 | tr -d '"')
        set -- "$@" ${pbsweb_exec:+"$pbsweb_exec/bin"} /opt/pbs/bin /usr/pbs/bin /opt/pbs/default/bin /usr/local/pbs/bin
    fi
    for pbsweb_folder in "$@"; do
        if [ -x "$pbsweb_folder/qsub" ] && [ -x "$pbsweb_folder/qstat" ]; then
            printf '%s\n' "$pbsweb_folder"
            return
        fi
    done
}

pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    pbsweb_login=$(id -un 2>/dev/null || whoami 2>/dev/null)
    pbsweb_fact login "$pbsweb_login"
    pbsweb_fact home "$HOME"
    pbsweb_shell=$(getent passwd "$pbsweb_login" 2>/dev/null | cut -d: -f7)
    pbsweb_fact shell "${pbsweb_shell:-$SHELL}"
    pbsweb_fact host_name "$(uname -n)"
    pbsweb_fact system "$(uname -srm)"
    pbsweb_fact clock "$(date +%s)"
    if [ -d "$HOME" ] && [ -x "$HOME" ]; then pbsweb_fact has_home yes; else pbsweb_fact has_home no; fi

    pbsweb_root=${PBSWEB_root:-$HOME/pbsweb}
    # A whole write, as a submission does it: a quota that is used up lets empty files be made.
    pbsweb_err=$( {
        umask 077
        mkdir -p "$pbsweb_root/.jobs" && printf '%010000d' 0 >"$pbsweb_root/.jobs/check.$$"
    } 2>&1 )
    if [ "$( { wc -c <"$pbsweb_root/.jobs/check.$$" | tr -d ' '; } 2>/dev/null )" = 10000 ]; then
        pbsweb_fact writable yes
    else
        pbsweb_fact writable no
        pbsweb_fact not_writable "${pbsweb_err:-no space left or over quota}"
    fi
    rm -f "$pbsweb_root/.jobs/check.$$"
    pbsweb_fact free_kb "$(df -Pk "$pbsweb_root" 2>/dev/null | awk 'NR == 2 { print $4 }')"
    if command -v quota >/dev/null 2>&1; then pbsweb_fact quota "$(quota 2>/dev/null </dev/null | tail -n 3)"; fi

    pbsweb_folder=$(pbsweb_find)
    pbsweb_fact bin "$pbsweb_folder"
    if [ -n "$pbsweb_folder" ]; then
        # Slurm's imitations of these commands are Perl programs that say so.
        if head -c 65536 "$pbsweb_folder/qstat" 2>/dev/null | grep -qi slurm; then pbsweb_fact slurm yes; fi
        pbsweb_run version "$pbsweb_folder/qstat" --version
        pbsweb_run server "$pbsweb_folder/qstat" -Bf
    fi
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
