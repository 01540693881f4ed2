# The scripts of the jobs named, each after a line with the mark and the job's name.
for job in "$@"; do
    printf '\n%s %s\n' "$mark" "$job"
    head -c 3000000 "$root/.jobs/$job/script"
done
