#!/usr/bin/env bash
# Print the first Python on PATH which the lock file supports (3.11 to 3.13).
for python in python3 python3.12 python3.13 python3.11 python; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        echo "$python"
        exit
    fi
done
