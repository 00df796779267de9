import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

# Before aws_cdk starts its Node process: the one from PyPI, and without AWS's own validator (the gate switches it on).
os.environ.setdefault("JSII_NODE", str(Path(sys.prefix) / "bin" / "node"))

import aws_cdk as cdk

from infra.checks.assembly import Assembly
from infra.platform import Platform
from infra.settings import Stage

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]


def synthesise(
    stage: Stage,
    folder: Path,
    *,
    prepare: Callable[[cdk.App, Platform], None] = lambda _app, _platform: None,
    validates: bool = False,
) -> Assembly:
    os.environ["CDK_VALIDATION"] = str(validates).lower()
    app = cdk.App(outdir=str(folder), context=CONTEXT, builtin_cloud_formation_validation=validates)
    prepare(app, Platform(app, stage))
    app.synth()
    return Assembly.read(folder)
