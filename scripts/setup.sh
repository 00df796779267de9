#!/usr/bin/env bash
# Make the virtual environment: setup.sh PYTHON FOLDER
set -euo pipefail
python=$1 venv=$2
if [ -z "$python" ]; then
    echo "setup: no suitable Python on PATH. Needed is 3.11, 3.12 or 3.13 with its venv module" \
        "(Debian: apt-get install python3-venv). Or name one: make setup PYTHON=/path/to/python3.12" >&2
    exit 2
fi
echo "setup: $("$python" --version) → $venv (about 1 GB, once; the SageMaker SDK is most of it)" >&2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-installer.lock
# uv installs in a third of pip's time; where it cannot reach the index that pip is set up for, pip does it.
"$venv/bin/uv" pip sync --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes requirements.lock ||
    "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
# Node's tools (the CDK CLI) come by the Node of the environment, exactly as package-lock.json names them.
PATH="$PWD/$venv/bin:$PATH" npm ci --silent --no-progress
# So that the first `make up` does not pay for it.
"$venv/bin/python" -m compileall -q local_aws pipelines usecase
echo "setup: done" >&2
