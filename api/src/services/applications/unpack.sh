# Unpacks an uploaded tree beside the old one and puts it in its place when it is whole.
# What was there is not thrown away, because jobs may have left results in it: it goes to .replaced/.
# In: root, name, upload (the folder with tree.tar), top (the one folder that all is in, or empty).
# Out: "unpacked FOLDER", or "failed" and why.
fail() {
    rm -rf "$upload"
    echo "failed $1"
}
unpack() {
    mkdir "$upload/tree" || { fail "no folder can be made; is the disk or the quota full?"; return; }
    ( cd "$upload/tree" && tar -xf ../tree.tar ) || { fail "the archive could not be unpacked; is the disk or the quota full?"; return; }
    rm -f "$upload/tree.tar"
    new=$upload/tree
    [ -n "$top" ] && [ -d "$new/$top" ] && new=$new/$top
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
    rm -rf "$upload"
    echo "unpacked $root/$name"
}
unpack
