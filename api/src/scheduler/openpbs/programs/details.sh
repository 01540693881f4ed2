# -E asks for all ids over one connection; without it each id takes one, and with it one of the server's few ports.
pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    pbsweb_pack details "${pbsweb_bin}qstat" -E -f @IDS@
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
