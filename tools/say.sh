# How the house tools speak: one title before a step, one line with its time after it.
# Sourced; POSIX sh.

say() { printf '    %s\n' "$*"; }
title() { printf '==> %s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# "7 s" or "2 min 05 s" since the moment in $1 (from `date +%s`).
since() {
    _s=$(($(date +%s) - $1))
    if [ "$_s" -lt 60 ]; then printf '%d s' "$_s"; else printf '%d min %02d s' $((_s / 60)) $((_s % 60)); fi
}

# attempt LOG-NAME COMMAND...: the output goes to a file only; for what may fail, because there is another way.
attempt() {
    mkdir -p "$cache/log"
    _log=$cache/log/$1.log
    shift
    "$@" >"$_log" 2>&1
}
# quietly LOG-NAME COMMAND...: the output goes to a file, and its end is shown when the command fails.
quietly() {
    attempt "$@" && return 0
    _rc=$?
    tail -n 25 "$_log" | sed 's/^/    | /' >&2
    say "the whole output is in $_log" >&2
    return $_rc
}

# Like timeout(1), or without a limit where there is none (macOS).
within() {
    if command -v timeout >/dev/null 2>&1; then timeout "$@"; else shift && "$@"; fi
}
