# Ends a build: asks all its processes to end, and makes them after a while. One that has not begun never will.
# In: build_folder. Out: "cancelled", "ended" or "elsewhere NODE".
umask 077
mkdir -p "${build_folder%/*}"
if mkdir "$build_folder" 2>/dev/null; then
    : >"$build_folder/output"
    echo 143 >"$build_folder/status"
    echo cancelled
elif [ -f "$build_folder/status" ]; then
    echo ended
elif [ ! -f "$build_folder/pid" ] && echo 143 >"$build_folder/status" && [ ! -f "$build_folder/pid" ]; then
    # A runner that writes its number from now on finds the status and does not begin.
    echo cancelled
else
    read -r pid node <"$build_folder/pid"
    if [ "$node" != "$(uname -n)" ]; then
        echo "elsewhere $node"
    else
        kill -TERM "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null
        n=0
        while [ ! -f "$build_folder/status" ] && [ "$n" -lt 10 ]; do
            sleep 1
            n=$((n + 1))
        done
        if [ ! -f "$build_folder/status" ]; then
            kill -KILL "-$pid" 2>/dev/null
            echo 137 >"$build_folder/status"
        fi
        echo cancelled
    fi
fi
