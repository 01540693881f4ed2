# What comes from npm: wasm-opt for the page, and the browser tests' packages. Versions and digests are in the lock files.
# Sourced; POSIX sh.

install_wasm_opt() {
    if ! cmp -s "$root/tools/wasm-opt/package-lock.json" "$cache/wasm-opt/installed"; then
        mkdir -p "$cache/wasm-opt"
        cp "$root/tools/wasm-opt/package.json" "$root/tools/wasm-opt/package-lock.json" "$cache/wasm-opt/"
        npm_install wasm-opt "$cache/wasm-opt" "$cache/wasm-opt/installed"
    fi
}

install_browser_tests() {
    cmp -s "$root/e2e/browser/package-lock.json" "$root/e2e/browser/node_modules/.installed" ||
        npm_install 'the browser tests’ packages' "$root/e2e/browser" "$root/e2e/browser/node_modules/.installed"
}

npm_install() { # what, folder, where to note the installed lock
    title "Install $1 from npm"
    _start=$(date +%s)
    # Playwright's script would fetch browsers of its own; the system's Chromium is used.
    (cd "$2" && quietly npm npm ci --ignore-scripts --no-audit --no-fund) || fail "npm could not install $1"
    cp "$2/package-lock.json" "$3"
    say "in $(since "$_start")"
}
