#!/usr/bin/env bash
# In CI, makes sure that the tests with a browser have one; where none can be had they are skipped, and say so. On a machine of
# somebody's own nothing is installed: the tests name the command.
set -euo pipefail

[ "${CI:-}" = true ] && [ -z "${LEADFLOW_CHROMIUM:-}" ] || exit 0
for name in chromium chromium-browser google-chrome; do
	command -v "$name" >/dev/null 2>&1 && exit 0
done
command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ] || exit 0

echo "Installing a browser for the tests (apt-get install chromium)" >&2
export DEBIAN_FRONTEND=noninteractive
if ! { timeout 120 apt-get update -qq && timeout 300 apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; then
	echo "It cannot be installed: the tests with a browser are skipped." >&2
fi
