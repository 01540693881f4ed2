pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    pbsweb_pack table "${pbsweb_bin}qstat"
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
