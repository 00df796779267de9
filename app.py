"""Compose the platform: read the stage once, make its stacks."""

import json
import os

from infra.constructs.rendered_definition import render_ahead
from infra.settings import stage_named

# The cdk CLI hands the context over in this variable; read here, the definition is rendered while CDK is imported.
context = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))
stage = stage_named(context.get("stage") or "sandbox")
budget = context.get("budget") or "default"
render_ahead(stage, budget)

import aws_cdk as cdk  # noqa: E402 - see above

from infra.platform import Platform  # noqa: E402

app = cdk.App()
Platform(app, stage, settings=stage.pipeline_settings(budget))
app.synth()
