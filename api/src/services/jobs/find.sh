# Looks for a fixed text in a file, from a byte on, whatever the case of its letters. Prints the file's size; for each match its line
# and its byte, both counted from there, and what stands around it in hex; and `end STATUS`, unless there are more matches than asked
# for. Exits with 3 where there is no such file, and with 4 where it cannot be read.
LC_ALL=C
export LC_ALL
[ -f "$file" ] || exit 3
[ -r "$file" ] || exit 4
wc -c <"$file"
pbsweb_found() {
    # Whoever has a hundred gigabytes searched is told that it was too much.
    ulimit -t "$seconds"
    # The text is on no command line.
    tail -c "+$((from + 1))" -- "$file" | grep -F -i -a -b -o -n -f /dev/fd/5 5<<PBSWEB
$text
PBSWEB
    printf 'end:%s\n' "$?"
}
pbsweb_found 2>/dev/null | head -n "$((most + 1))" | {
    pbsweb_n=0
    while IFS=: read -r pbsweb_line pbsweb_byte pbsweb_rest; do
        if [ "$pbsweb_line" = end ]; then
            printf 'end %s\n' "$pbsweb_byte"
            break
        fi
        [ "$pbsweb_n" -lt "$most" ] || break
        pbsweb_n=$((pbsweb_n + 1))
        pbsweb_start=$((from + pbsweb_byte - around))
        [ "$pbsweb_start" -ge 0 ] || pbsweb_start=0
        printf '%s %s ' "$pbsweb_line" "$pbsweb_byte"
        tail -c "+$((pbsweb_start + 1))" -- "$file" | head -c "$((2 * around + length))" | od -An -v -tx1 | tr -d ' \n'
        echo
    done
}
