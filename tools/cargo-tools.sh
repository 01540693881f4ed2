# Trunk, wasm-bindgen and wasm-split, in $cache/cargo unless the machine has the right versions. Sourced; POSIX sh.

install_cargo_tools() {
    [ "$(trunk --version 2>/dev/null | cut -d ' ' -f 2)" = "$trunk_version" ] ||
        install_cargo_tool trunk "$trunk_version" --no-default-features --features rustls
    [ "$(wasm-bindgen --version 2>/dev/null | cut -d ' ' -f 2)" = "$wasm_bindgen_version" ] ||
        install_cargo_tool wasm-bindgen-cli "$wasm_bindgen_version" --no-default-features --bin wasm-bindgen
    # It does not tell its version.
    grep -qs "^\"wasm_split_cli_support $wasm_split_version " "$cache/cargo/.crates.toml" ||
        install_cargo_tool wasm_split_cli_support "$wasm_split_version" --features build-binary --bin wasm-split-cli
}

install_cargo_tool() { # crate, version, arguments of cargo install
    _crate=$1 _version=$2
    shift 2
    title "Install $_crate $_version"
    _start=$(date +%s)
    if command -v cargo-binstall >/dev/null 2>&1 &&
        attempt "$_crate" within 120 cargo binstall --no-confirm --disable-strategies compile --root "$cache/cargo" "$_crate@$_version"; then
        say "downloaded in $(since "$_start")"
        return 0
    fi
    say 'compiling it (some minutes, once)'
    # A mirror of crates.io may lag behind the lock file of a tool that was published today: then let cargo choose.
    (cd / && unset CARGO_TARGET_DIR RUSTFLAGS &&
        { attempt "$_crate" cargo install "$_crate" --version "$_version" --locked --root "$cache/cargo" "$@" ||
            quietly "$_crate" cargo install "$_crate" --version "$_version" --root "$cache/cargo" "$@"; }) ||
        fail "cargo could not install $_crate $_version"
    say "compiled in $(since "$_start")"
}
