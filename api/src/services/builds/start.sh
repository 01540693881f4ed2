# Starts a build once, whoever asks and however often. It goes on when the connection ends.
# In: folder, build_folder, command. Out: "started", "exists", or "failed" and why.
umask 077
if ! mkdir -p "${build_folder%/*}"; then
    echo "failed the folder for builds cannot be made"
elif ! mkdir "$build_folder" 2>/dev/null; then
    if [ -d "$build_folder" ]; then echo exists; else echo "failed the build's folder cannot be made"; fi
elif ! cd "$folder"; then
    rmdir "$build_folder"
    echo "failed the application's folder is gone: upload it again"
elif ! { printf '%s\n' "$command" >"$build_folder/command" && : >"$build_folder/output"; }; then
    rm -rf "$build_folder"
    echo "failed the build's files cannot be written; is the disk or the quota full?"
else
    # The runner survives the signal that ends the build, to write down how it ended.
    cat >"$build_folder/runner" <<'RUNNER'
trap : TERM INT HUP
printf '%s %s\n' "$$" "$(uname -n)" >"$1/pid.new" && mv "$1/pid.new" "$1/pid"
# Cancelled before this process could be found.
[ -f "$1/status" ] && exit
sh "$1/command"
status=$?
printf '%s\n' "$status" >"$1/status.new" && mv "$1/status.new" "$1/status"
RUNNER
    LC_ALL=$pbsweb_language
    if command -v setsid >/dev/null 2>&1; then
        setsid sh "$build_folder/runner" "$build_folder" </dev/null >"$build_folder/output" 2>&1 &
    else
        nohup sh "$build_folder/runner" "$build_folder" </dev/null >"$build_folder/output" 2>&1 &
    fi
    echo started
fi
