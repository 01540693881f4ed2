# The programs that come from the system's packages. Sourced; POSIX sh.
#
# Looks for programs, not for packages: what is there by another way is fine. On Debian and its relatives the missing ones are
# installed, as root or through sudo; elsewhere, or without the right to install, they are named.

missing_packages=''
missing_programs=''

lacks() { # what it is, Debian's packages
    missing_programs="${missing_programs:+$missing_programs, }$1"
    missing_packages="$missing_packages $2"
}
needs() { # a program, Debian's packages
    find_program "$1" >/dev/null || lacks "$1" "$2"
}

look_for_build_packages() {
    needs cc build-essential
    needs pkg-config pkg-config
    has_libpq || lacks 'libpq (headers)' libpq-dev
    find_postgres >/dev/null || lacks 'the PostgreSQL server' postgresql
    needs node nodejs
    needs npm npm
}

look_for_test_packages() {
    needs sshd openssh-server
    needs ssh openssh-client
    needs tcsh tcsh
    find_chromium >/dev/null || lacks Chromium 'chromium fonts-dejavu-core'
}

# Sets $as_root to what goes before a command that needs root, or fails.
become_root() {
    as_root=''
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    # With a terminal sudo may ask for the password; without one it must not.
    if sudo -n true 2>/dev/null || [ -t 0 ]; then as_root=sudo; else return 1; fi
}

install_packages() {
    [ -n "$missing_packages" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        fail "this system lacks: $missing_programs. Install them with its package manager and try again."
    fi
    become_root || fail "Debian packages are missing, and installing them needs root or sudo. Ask for:
    apt-get install --no-install-recommends$missing_packages"
    title "Install Debian packages:$missing_packages"
    _start=$(date +%s)
    # The lists of a bare machine are empty or old: refresh them only when the first try says so.
    apt_install $missing_packages ||
        { $as_root apt-get update -qq && apt_install $missing_packages; } ||
        { tail -n 15 "$cache/log/apt.log" >&2; fail "apt-get could not install:$missing_packages"; }
    say "installed in $(since "$_start")"
    # Nothing here uses them: the tests and the demonstration start their own, as processes of the user.
    for _service in openssh-server:ssh postgresql:postgresql; do
        case "$missing_packages " in *" ${_service%:*} "*)
            say "note: Debian starts a service with ${_service%:*}. If you do not want it: systemctl disable --now ${_service#*:}" ;;
        esac
    done
    missing_packages=''
}

apt_install() {
    mkdir -p "$cache/log"
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" >"$cache/log/apt.log" 2>&1
}
