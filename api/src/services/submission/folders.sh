# The jobs' folders that hold a whole script; the last line says that these are all.
if [ -d "$root/.jobs" ]; then
    cd "$root/.jobs" || exit 1
    for job in *; do
        if [ -f "$job/script" ]; then printf '%s\n' "$job"; fi
    done
elif [ -e "$root/.jobs" ] || [ ! -d "${root%/*}" ]; then
    exit 1
fi
echo end
