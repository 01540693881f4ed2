# Times in the answer have no zone and follow TZ (qstat-tz); words follow the language.
pbsweb_main() {
    TZ=UTC LC_ALL=C
    export TZ LC_ALL
    pbsweb_pack jobs "${pbsweb_bin}qstat" -f
    pbsweb_run queues "${pbsweb_bin}qstat" -Qf
    pbsweb_run server "${pbsweb_bin}qstat" -Bf
}
{ pbsweb_main; } 3>&1
printf '%s done\n' "$PBSWEB_marker"
