"""Compose the platform: read the stage once, make its stacks."""

import aws_cdk as cdk

from infra.platform import Platform
from infra.settings import stage_named
from pipelines.settings import Settings

app = cdk.App()
stage = stage_named(app.node.try_get_context("stage") or "sandbox")
settings = Settings.of_budget(app.node.try_get_context("budget") or "default")
Platform(app, stage, settings=settings)
app.synth()
