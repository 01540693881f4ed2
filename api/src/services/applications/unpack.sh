# Unpacks an uploaded tree beside the old one and puts it in its place when it is whole.
# What was there is not thrown away, because jobs may have left results in it: it goes to .replaced/.
# In: root, name, upload (the folder with tree.tar), top (the one folder that all is in, or empty).
# Out: "unpacked FOLDER", or "failed" and why.
lock=$root/.uploads/.lock-$name
fail() {
    rm -rf "$upload"
    rmdir "$lock" 2>/dev/null
    echo "failed $1"
}
# Two uploads of one name take turns: the moves below are not one step.
take_turn() {
    waited=0
    until mkdir "$lock" 2>/dev/null; do
        # An upload that died left its lock.
        if [ -n "$(find "$lock" -prune -mmin +15 2>/dev/null)" ]; then rmdir "$lock" 2>/dev/null; fi
        waited=$((waited + 1))
        [ "$waited" -le 120 ] || return 1
        sleep 1
    done
}
unpack() {
    mkdir "$upload/tree" || { fail "no folder can be made; is the disk or the quota full?"; return; }
    ( cd "$upload/tree" && tar -xf ../tree.tar ) || { fail "the archive could not be unpacked; is the disk or the quota full?"; return; }
    rm -f "$upload/tree.tar"
    new=$upload/tree
    [ -n "$top" ] && [ -d "$new/$top" ] && new=$new/$top
    if ! take_turn; then
        rm -rf "$upload"
        echo "failed another upload of this name is under way; try again"
        return
    fi
    old=
    if [ -e "$root/$name" ]; then
        umask 077
        mkdir -p "$root/.replaced" || { fail "no folder can be made; is the disk or the quota full?"; return; }
        old=$root/.replaced/$name-$stamp
        mv "$root/$name" "$old" || { fail "the former version could not be moved aside"; return; }
    fi
    if ! mv "$new" "$root/$name"; then
        [ -n "$old" ] && mv "$old" "$root/$name"
        fail "the new version could not be put in its place"
        return
    fi
    rmdir "$lock"
    rm -rf "$upload"
    echo "unpacked $root/$name"
}
unpack
