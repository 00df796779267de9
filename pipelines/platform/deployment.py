"""Deploy a stage to a target: what bootstrapping needs, the bootstrap where it is missing, all stacks."""

import sys
from dataclasses import dataclass
from typing import Any

import yaml
from botocore.exceptions import ClientError

from pipelines.platform.assembly import Assembly, synthesise
from pipelines.platform.cdk import WORK, Cdk
from pipelines.platform.outputs import stack_name, stack_outputs
from pipelines.targets import Target

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_CONCURRENCY = "3"


@dataclass(frozen=True)
class Deployment:
    """What `deploy` found and did.

    Attributes:
        changed: Whether any stack was made or changed.
        stacks: Names of all stacks of the stage.
    """

    changed: bool
    stacks: tuple[str, ...]


def deploy(target: Target, stage: str, budget: str) -> Deployment:
    """Bring every stack of the stage to the target, as the code says; nothing happens where it is there already.

    Raises:
        PlatformError: Synthesis or a stack failed; CloudFormation has rolled the stack back then.
    """
    assembly = synthesise(stage, budget)
    if is_current(target.client("cloudformation"), assembly):
        return Deployment(changed=False, stacks=assembly.stacks)
    cdk, app = cdk_for(target), ("--app", str(assembly.folder))
    if bootstrap_version(target.client("ssm")) < assembly.bootstrap_version:
        _bootstrap(target, cdk, app, stage)
    if target.name == "aws" and sys.stdin.isatty():  # the CLI asks before permissions are widened
        cdk.run_openly("deploy", "--all", *app)
    else:
        never = ("--require-approval", "never", "--progress", "events")
        cdk.run("deploy", "--all", *app, *never, "--concurrency", _CONCURRENCY)
    return Deployment(changed=True, stacks=assembly.stacks)


def diff(target: Target, stage: str, budget: str) -> None:
    """Show what a deploy would change."""
    assembly = synthesise(stage, budget)
    cdk_for(target).run_openly("diff", "--app", str(assembly.folder))


def is_current(cloudformation: Any, assembly: Assembly) -> bool:
    """Tell whether every stack is deployed whole, with the very template of the assembly."""
    return all(_is_current(cloudformation, name, assembly.template(name)) for name in assembly.stacks)


def bootstrap_version(ssm: Any) -> int:
    """Return the version of the account's CDK bootstrap resources, 0 where there are none."""
    try:
        return int(ssm.get_parameter(Name=BOOTSTRAP_PARAMETER)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return 0


def cdk_for(target: Target) -> Cdk:
    """Return the cdk CLI that talks to a target."""
    return Cdk(target.variables, WORK / f"home-{target.name}")


def _bootstrap(target: Target, cdk: Cdk, app: tuple[str, str], stage: str) -> None:
    """Deploy the delivery stack, which needs no bootstrap: it holds what CloudFormation may do in the account."""
    delivery = stack_name(stage, "Delivery")
    cdk.run("deploy", delivery, "--exclusively", *app, "--require-approval", "never", "--progress", "events")
    policies = stack_outputs(target.client("cloudformation"), delivery)["ExecutionPolicies"]
    identity = target.client("sts").get_caller_identity()
    place = f"aws://{identity['Account']}/{target.client('cloudformation').meta.region_name}"
    cdk.run("bootstrap", place, *app, "--cloudformation-execution-policies", policies)


def _is_current(cloudformation: Any, name: str, template: dict[str, Any]) -> bool:
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    if stack["StackStatus"] not in _DONE:
        return False
    body = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    # The CLI sends a small template without assets as YAML.
    return bool((yaml.safe_load(body) if isinstance(body, str) else body) == template)
