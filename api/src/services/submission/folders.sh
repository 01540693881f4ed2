# The jobs' folders in which an attempt has begun; the last line says that these are all. One in which none has was got ready, and
# nobody was told that it was accepted before that was stored.
if [ -d "$root/.jobs" ]; then
    cd "$root/.jobs" || exit 1
    for job in *; do
        for begun in "$job"/try-*/run/begun; do
            if [ -f "$begun" ] && [ -f "$job/script" ]; then
                printf '%s\n' "$job"
                break
            fi
        done
    done
elif [ -e "$root/.jobs" ] || [ ! -d "${root%/*}" ]; then
    exit 1
fi
echo end
