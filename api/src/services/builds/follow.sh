# Prints a build's output from a byte on, while it grows, until the build ends; how it ended goes to standard error.
# In: build_folder, offset.
cd "$build_folder" || { echo absent >&2; exit 0; }
ended=
dead=0
while :; do
    if [ -f status ]; then
        ended="status $(cat status)"
    elif [ -f pid ]; then
        read -r pid node <pid
        # Only on the node where it runs can be seen whether it still does.
        if [ "$node" = "$(uname -n)" ] && ! kill -0 "$pid" 2>/dev/null; then
            dead=$((dead + 1))
            [ "$dead" -gt 2 ] && [ ! -f status ] && ended=killed
        fi
    fi
    size=$(wc -c <output 2>/dev/null) || size=0
    if [ "$size" -gt "$offset" ]; then
        tail -c +"$((offset + 1))" output | head -c "$((size - offset))"
        offset=$((size))
    fi
    if [ -n "$ended" ]; then
        echo "$ended" >&2
        break
    fi
    sleep 0.2 2>/dev/null || sleep 1
done
