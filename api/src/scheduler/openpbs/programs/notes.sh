# What the job in folder $pbsweb_dir noted about itself, and each subjob of an array: `NAME LINE` for each line. One program reads
# them all, for an array may have left ten thousand. Their writer is the user: what is too long to be a note is none.
pbsweb_notes() {
    (
        cd "$pbsweb_dir" || exit
        find . ! -name . -prune -type f \( -name begun -o -name 'begun.*' -o -name epilogue -o -name 'epilogue.*' \) \
            -exec awk 'FNR <= 8 && length($0) < 200 { print substr(FILENAME, 3), $0 }' {} +
    ) 2>/dev/null
}
