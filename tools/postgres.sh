#!/usr/bin/env bash
# Makes sure that this machine has the binaries of a Postgres server, where the launcher in postgres/ looks for them; says
# what it does.
set -euo pipefail

complete() { [ -x "$1/initdb" ] && [ -x "$1/postgres" ]; }

have() {
	local found
	found=$(command -v postgres 2>/dev/null) && complete "$(dirname "$(readlink -f "$found" 2>/dev/null || echo "$found")")" && return 0
	found=$(pg_config --bindir 2>/dev/null) && complete "$found" && return 0
	for found in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
		/opt/homebrew/bin /usr/local/bin; do
		complete "$found" && return 0
	done
	return 1
}

give_up() {
	echo "Leadflow needs the binaries of a Postgres server (initdb, postgres), version 15 or newer. $1" >&2
	echo "Where they are in no usual place, set LEADFLOW_POSTGRES_BIN to the directory that holds them." >&2
	exit 1
}

if [ -n "${LEADFLOW_POSTGRES_BIN:-}" ]; then
	complete "$LEADFLOW_POSTGRES_BIN" && exit 0
	give_up "LEADFLOW_POSTGRES_BIN is $LEADFLOW_POSTGRES_BIN, and they are not both there."
fi
have && exit 0

# by_apt installs them without the cluster that the package makes and starts: that is set aside for as long as it takes.
by_apt() {
	conf=/etc/postgresql-common/createcluster.conf
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
	cp "$conf" "$conf.leadflow"
	trap 'mv "$conf.leadflow" "$conf"' EXIT
	echo "create_main_cluster = false" >>"$conf"
	apt-get install -y -qq --no-install-recommends postgresql >/dev/null
}

if command -v apt-get >/dev/null 2>&1; then
	if [ "$(id -u)" -eq 0 ]; then
		as_root=()
	elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		as_root=(sudo)
	else
		give_up "As root: apt-get install -y postgresql"
	fi
	echo "Installing the binaries of a Postgres server (apt-get install postgresql)" >&2
	"${as_root[@]}" bash -euc "$(declare -f by_apt); by_apt"
elif command -v brew >/dev/null 2>&1; then
	echo "Installing the binaries of a Postgres server (brew install postgresql@17)" >&2
	brew install postgresql@17
elif command -v dnf >/dev/null 2>&1; then
	give_up "Install them with: sudo dnf install -y postgresql-server"
elif command -v pacman >/dev/null 2>&1; then
	give_up "Install them with: sudo pacman -S postgresql"
elif command -v apk >/dev/null 2>&1; then
	give_up "As root: apk add postgresql"
else
	give_up "Install them with your package manager."
fi
have || give_up "They were installed, and are not where they are looked for."
