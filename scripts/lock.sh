#!/usr/bin/env bash
# Write the lock files from pyproject.toml: lock.sh UV. Names no index: the reader's own pip settings decide.
set -euo pipefail
uv=$1
compile() {
    "$uv" pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet \
        --custom-compile-command "make lock" "$@"
}
compile pyproject.toml --group dev -o requirements.lock
compile infra/checks/checkov.in -o infra/checks/requirements-checkov.lock
grep -E '^uv==' requirements.lock | sed 's/ .*//' | compile - -o requirements-installer.lock
# Every line carries the marker of the newest supported Python; setup.sh checks that already.
marker="python_full_version < '3.14'"
sed -i.bak -e '/^--/d' -e "s/$marker and //" -e "s/ ; $marker \\\\$/ \\\\/" requirements.lock requirements-installer.lock \
    infra/checks/requirements-checkov.lock
"$(dirname "$uv")/python" scripts/serving_lock.py
rm -f ./*.lock.bak infra/checks/*.lock.bak
