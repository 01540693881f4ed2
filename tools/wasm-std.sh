# Brings the standard library for wasm32: by rustup, else built from source. Sourced; POSIX sh.

install_wasm_std() {
    (use_web_toolchain) && return 0
    title 'Install the standard library for WebAssembly'
    _start=$(date +%s)
    if command -v rustup >/dev/null 2>&1 && attempt rustup within 60 rustup target add $wasm_target && rustc_has_wasm; then
        say "by rustup, in $(since "$_start")"
        return 0
    fi
    say 'it cannot be had by rustup: building it from its source instead (one or two minutes, once)'
    rustc_with_source >/dev/null || lacks 'a Rust compiler with the source of its library' 'rustc-web cargo-web rust-web-src'
    find_wasm_linker >/dev/null || lacks 'a linker for WebAssembly' lld-22
    install_packages
    _rustc=$(rustc_with_source) || fail "no compiler of version $minimum_rust or newer has its library's source"
    _start=$(date +%s)
    build_wasm_std "$_rustc"
    say "built by $("$_rustc" --version | cut -d ' ' -f 1,2) in $(since "$_start")"
    (use_web_toolchain) || fail "the library in $cache/wasm-std is not usable"
}

build_wasm_std() { # the compiler
    _bin=$(dirname "$1")
    _new=$cache/wasm-std/new.$$
    mkdir -p "$_new/empty" "$_new/bin" "$_new/lib/rustlib/$wasm_target/lib"
    cat >"$_new/empty/Cargo.toml" <<'TOML'
[package]
name = "empty"
version = "0.0.0"
edition = "2021"

[lib]
path = "lib.rs"

[profile.release]
panic = "abort"
codegen-units = 1

[workspace]
TOML
    echo '#![no_std]' >"$_new/empty/lib.rs"
    # RUSTC_BOOTSTRAP: -Zbuild-std is not stable. embed-bitcode: the page is linked with link-time optimisation.
    (cd "$_new/empty" && quietly wasm-std env RUSTC="$1" RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$_new/target" \
        "$_bin/cargo" build --release -Zbuild-std=std,panic_abort --target $wasm_target) ||
        { rm -rf "$_new"; fail 'the standard library for WebAssembly could not be built'; }
    for _lib in "$_new/target/$wasm_target/release/deps"/lib*.rlib; do
        case $_lib in */libempty-*) ;; *) mv "$_lib" "$_new/lib/rustlib/$wasm_target/lib/" ;; esac
    done
    rm -rf "$_new/target" "$_new/empty"
    for _tool in cargo rustc; do ln -s "$_bin/$_tool" "$_new/bin/$_tool"; done
    "$1" -vV >"$_new/rustc-version"
    rm -rf "$cache/wasm-std/current"
    mv "$_new" "$cache/wasm-std/current"
}

# The page is checked by the clippy of the compiler that builds it: libraries are readable by one version only.
install_page_clippy() {
    (
        use_web_toolchain
        [ "$(command -v rustc)" != "$cache/wasm-std/current/bin/rustc" ] || [ -x "$cache/wasm-std/current/bin/cargo-clippy" ]
    ) && return 0
    _bin=$(dirname "$(readlink "$cache/wasm-std/current/bin/rustc")")
    [ -x "$_bin/clippy-driver" ] || lacks 'clippy for the compiler that builds the page' rust-web-clippy
    install_packages
    for _tool in cargo-clippy clippy-driver; do ln -sf "$_bin/$_tool" "$cache/wasm-std/current/bin/$_tool"; done
}
