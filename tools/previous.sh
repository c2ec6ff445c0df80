#!/usr/bin/env bash
# Builds leadflow-standalone of the release before this tree, once, and prints where it is. Where this clone has no such
# release it prints nothing, and says why.
set -euo pipefail
cd "$(dirname "$0")/.."

none() {
	echo "The upgrade test is left out: $1. Fetch the releases with: git fetch --tags" >&2
	exit 0
}

head=$(git rev-parse HEAD 2>/dev/null) || none "this is no git clone"
shallow=$(git rev-parse --is-shallow-repository)
for tag in $(git tag --list 'v[0-9]*' --sort=-version:refname); do
	[ "$(git rev-list -n 1 "$tag")" != "$head" ] || continue
	# Where the history is here, only what this tree came from is before it.
	[ "$shallow" = true ] || git merge-base --is-ancestor "$tag" HEAD || continue
	previous=$tag
	break
done
[ -n "${previous:-}" ] || none "no tag of an earlier release is in this clone"

binary=$PWD/bin/previous/leadflow-standalone-$previous
if [ ! -x "$binary" ]; then
	# Always the same place, so that the build cache knows its packages; the dependencies are mostly this tree's own.
	source=bin/previous/$previous
	echo "Building $previous, whose data this version must take over." >&2
	rm -rf "$source" && mkdir -p "$source"
	git archive "$previous" | tar -x -C "$source"
	(cd "$source/standalone" && go build -ldflags "-X github.com/leadflow-dev/leadflow/domain/record.Version=$previous" -o "$binary.new" .) >&2
	mv "$binary.new" "$binary"
	rm -rf "$source"
fi
echo "$binary"
