# Rust, and which of the machine's toolchains can build the page. Sourced; POSIX sh.
#
# The native build always uses the `cargo` on the PATH. The page needs the standard library of wasm32: usually
# `rustup target add` brings it. Where that cannot be downloaded, a compiler that came with the library's source (Debian's
# rustc-web) builds it once into $cache/wasm-std. The page's build has its own target folder, so the two may differ.

minimum_rust=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' "$root/Cargo.toml" | head -n 1)

# Is the compiler $1 at least of the version that our crates need?
new_enough() {
    _have=$("$1" --version 2>/dev/null | cut -d ' ' -f 2)
    [ -n "$_have" ] && [ "$(printf '%s\n%s\n' "$minimum_rust" "$_have" | sort -V | head -n 1)" = "$minimum_rust" ]
}

check_rust() {
    command -v cargo >/dev/null 2>&1 && command -v rustc >/dev/null 2>&1 ||
        fail 'Rust is missing. Install it with rustup (https://rustup.rs), then try again.'
    new_enough rustc || fail "Rust $minimum_rust or newer is needed, this is $(rustc --version). Try: rustup update"
}

holds_std() { # a folder of libraries
    for _core in "$1"/libcore-*.rlib; do [ -e "$_core" ] && return 0; done
    return 1
}
rustc_has_wasm() { holds_std "$(rustc --print target-libdir --target $wasm_target 2>/dev/null)"; }

# A compiler that has the source of its own standard library, as cargo's -Zbuild-std wants it.
rustc_with_source() {
    for _rustc in "$(command -v rustc)" /usr/bin/rustc; do
        [ -x "$_rustc" ] && new_enough "$_rustc" &&
            [ -e "$("$_rustc" --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ] && echo "$_rustc" && return 0
    done
    return 1
}

# A linker for wasm: the one that comes with a compiler, or an LLVM that is not much older than it.
find_wasm_linker() {
    _bin=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
    if [ -x "$_bin" ]; then echo "$_bin"; else find_program wasm-ld-23 wasm-ld-22 wasm-ld-21 wasm-ld-20 wasm-ld-19 wasm-ld; fi
}

# Sets the environment in which cargo and trunk build the page: rustc as it is, or the one that wasm-std.sh has prepared.
use_web_toolchain() {
    CARGO_TARGET_DIR=$root/target/web
    export CARGO_TARGET_DIR
    # Flags for the native build would end up in the page, and take precedence over the ones below.
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    # Leptos' own switch: views are boxed instead of being one type for each shape, an eighth less to download. What refers to
    # what is needed for cutting the page into parts (tools/split).
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS='--cfg erase_components -Clink-args=--emit-relocs'
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS
    rustc_has_wasm && return 0
    [ -e "$cache/wasm-std/current/lib/rustlib/$wasm_target/lib" ] || return 1
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(find_wasm_linker) || return 1
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS --sysroot=$cache/wasm-std/current"
    PATH=$cache/wasm-std/current/bin:$PATH
    export PATH CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
    rustc_is_of_wasm_std
}

# The library belongs to exactly one compiler: after an upgrade of that compiler it must be built again.
rustc_is_of_wasm_std() { [ "$("$cache/wasm-std/current/bin/rustc" -vV 2>/dev/null)" = "$(cat "$cache/wasm-std/current/rustc-version" 2>/dev/null)" ]; }
