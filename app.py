"""Compose the platform: read the stage once, make its stacks."""

import aws_cdk as cdk

from infra.platform import Platform
from infra.settings import stage_named

app = cdk.App()
Platform(app, stage_named(app.node.try_get_context("stage") or "sandbox"))
app.synth()
