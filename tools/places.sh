# Where things are, and which versions. Sourced with $root set; POSIX sh.
#
# What is built or fetched once for a machine is kept in one folder of the user's, outside the checkout: a clean checkout does
# not have to build its tools again, and nothing that the user installed for other projects is replaced.
#
# Variables that begin with PBSWEB_ are settings of the server, which refuses those it does not know: what steers these tools has
# other names.
cache=${TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pbsweb}

trunk_version=0.21.14

# The tool must be of exactly the version of the crate: the lock file is the one place that says which.
wasm_bindgen_version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p;}' "$root/Cargo.lock")

# Cuts the page into parts; of the line that wrote leptos' markers for it.
wasm_split_version=0.2.3

wasm_target=wasm32-unknown-unknown

# rustup's folder before the system's: the compiler that Debian brings for the page must not become the one for the rest.
PATH=$cache/cargo/bin:$cache/wasm-opt/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
export PATH

# The first of the given programs that exists (system folders included, which an ordinary user's PATH often lacks).
find_program() {
    for _name in "$@"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$_name" 2>/dev/null && return 0
    done
    return 1
}

find_chromium() {
    if [ -n "${CHROMIUM:-}" ]; then echo "$CHROMIUM"; else
        find_program chromium chromium-browser google-chrome-stable google-chrome
    fi
}

# initdb and postgres; Debian keeps them off the PATH, one folder for each version.
find_postgres() {
    find_program initdb && return 0
    for _initdb in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb; do
        [ -x "$_initdb" ] && echo "$_initdb" && return 0
    done
    return 1
}

has_libpq() {
    [ -e /usr/include/postgresql/libpq-fe.h ] || pkg-config --exists libpq 2>/dev/null || find_program pg_config >/dev/null
}
