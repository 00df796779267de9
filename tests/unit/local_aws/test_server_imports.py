"""The server starts fast because it imports little."""

import subprocess
import sys

HEAVY = ("boto3", "moto", "numpy", "optuna", "pandas", "scipy", "sklearn", "xgboost")


def test_starting_the_server_imports_nothing_heavy():
    program = (
        f"import sys, local_aws.server as s; s._import_operations(); print([m for m in {HEAVY} if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"
