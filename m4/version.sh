#!/bin/sh
# Prints the version of the source tree that this script stands in, and nothing else.
#
#   v1.2.3 is the tag of the commit    1.2.3
#   v1.2.3 is the nearest tag          1.2.3+abc1234
#   no tag                             0.0.0+abc1234
#   an unpacked tarball                what `make dist` wrote into .tarball-version
#   neither                            0.0.0+unknown
#
# With --revision: the short hash alone, or "unknown".

top=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1

# The tree may belong to somebody else (a build as a plain user of root's clone): reading a hash is harmless.
in_git() {
    git -C "$top" -c "safe.directory=$top" "$@" 2>/dev/null
}

from_git() {
    # Only our own repository counts, not one that an unpacked tarball happens to lie in.
    [ -e "$top/.git" ] || return 1
    hash=$(in_git rev-parse --short HEAD) || return 1
    if tag=$(in_git describe --tags --match 'v[0-9]*' --exact-match HEAD); then
        version=${tag#v}
    elif tag=$(in_git describe --tags --match 'v[0-9]*' --abbrev=0 HEAD); then
        version=${tag#v}+$hash
    else
        version=0.0.0+$hash
    fi
}

from_tarball() {
    read -r version 2>/dev/null <"$top/.tarball-version" || return 1
    hash=unknown
    case $version in
    *+*) hash=${version##*+} ;;
    esac
}

from_git || from_tarball || {
    version=0.0.0+unknown
    hash=unknown
}
case ${1-} in
--revision) printf '%s\n' "$hash" ;;
*) printf '%s\n' "$version" ;;
esac
