#!/usr/bin/env bash
# Makes sure that this machine has the binaries of a Postgres server; says what it does.
set -euo pipefail

have() {
	[ -n "${LEADFLOW_POSTGRES_BIN:-}" ] && [ -x "$LEADFLOW_POSTGRES_BIN/initdb" ] && return 0
	command -v initdb >/dev/null 2>&1 && return 0
	for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
		[ -x "$dir/initdb" ] && return 0
	done
	return 1
}

have && exit 0
if command -v apt-get >/dev/null 2>&1; then
	as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null 2>&1; then
			echo "Leadflow needs the Postgres server binaries. As root: apt-get install -y postgresql" >&2
			exit 1
		fi
		as_root=(sudo)
	fi
	echo "Installing the Postgres server binaries (apt-get install postgresql)" >&2
	"${as_root[@]}" apt-get update -qq
	# The package would start a server of its own; we only want its binaries.
	"${as_root[@]}" mkdir -p /etc/postgresql-common
	[ -e /etc/postgresql-common/createcluster.conf ] ||
		echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
elif command -v brew >/dev/null 2>&1; then
	echo "Installing the Postgres server binaries (brew install postgresql@17)" >&2
	brew install postgresql@17
fi
have || {
	echo "Leadflow needs the Postgres server binaries (initdb, postgres). Install them with your package manager," >&2
	echo "or set LEADFLOW_POSTGRES_BIN to the directory that holds them." >&2
	exit 1
}
