"""Look before an hour is spent: would a deploy and a run succeed here? Every check reads; none changes anything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from pipelines.errors import PipelineError
from pipelines.images import REPOSITORY, XGBOOST_VERSION, xgboost_image
from pipelines.names import command_line
from pipelines.platform.deployment import bootstrap_version
from pipelines.platform.outputs import stack_name, stack_outputs
from pipelines.settings import Settings
from pipelines.targets import Target

Verdict = Literal["ok", "note", "fault"]
REQUIRED_BOOTSTRAP = 6
_ZONES = 3
_OIDC = "token.actions.githubusercontent.com"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        subject: What was looked at.
        verdict: `fault` is what stops a deploy or a run; `note` is worth knowing.
        text: What is the case.
        fix: What to do.
    """

    subject: str
    verdict: Verdict
    text: str
    fix: str = ""


def examine(target: Target, stage: str, settings: Settings) -> Iterator[Finding]:
    """Yield the finding of every check; without credentials there is one only."""
    identity = _credentials(target)
    yield identity
    if identity.verdict == "fault":
        return
    for subject, check in _checks(target, stage, settings):
        try:
            yield from check()
        except (ClientError, BotoCoreError) as error:
            fix = "allow your user this read, or look yourself; nothing else depends on it"
            yield Finding(subject, "note", f"could not be looked at: {error}", fix)
        except PipelineError as error:
            yield Finding(subject, "fault", error.message, error.hint)


def _checks(target: Target, stage: str, settings: Settings) -> list[tuple[str, Callable[[], Iterator[Finding]]]]:
    return [
        ("region", lambda: _region(target)),
        ("bootstrap", lambda: _bootstrap(target)),
        ("platform", lambda: _platform(target, stage)),
        ("zones", lambda: _zones(target)),
        ("quotas", lambda: _quotas(target, settings)),
        ("image", lambda: _image(target)),
        ("GitHub", lambda: _github(target, stage)),
        ("Model Monitor", lambda: _monitoring(target)),
    ]


def _credentials(target: Target) -> Finding:
    try:
        caller = target.client("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        fix = "`aws sso login`, or export AWS_PROFILE or the AWS_* variables of a role"
        return Finding("credentials", "fault", str(error), fix)
    if str(caller["Arn"]).endswith(":root") and target.name == "aws":
        return Finding("credentials", "fault", "these are the root user's", "use a role: CDK refuses the root user's")
    return Finding("credentials", "ok", f"{caller['Arn']}")


def _region(target: Target) -> Iterator[Finding]:
    region = target.client("sts").meta.region_name
    xgboost_image(region)  # raises where AWS publishes none
    yield Finding("region", "ok", f"{region}, where AWS publishes the image")


def _bootstrap(target: Target) -> Iterator[Finding]:
    version = bootstrap_version(target.client("ssm"))
    if version >= REQUIRED_BOOTSTRAP:
        yield Finding("bootstrap", "ok", f"version {version}")
        return
    state = f"version {version} is too old" if version else "the account is not bootstrapped for CDK"
    fix = f"`{command_line('deploy')} --target {target.name}` does it first, as administrator"
    yield Finding("bootstrap", "note", state, fix)


def _platform(target: Target, stage: str) -> Iterator[Finding]:
    if stack_outputs(target.client("cloudformation"), stack_name(stage, "Training")):
        yield Finding("platform", "ok", f"stage {stage} is deployed")
    else:
        fix = f"`{command_line('deploy')} --target {target.name} --stage {stage}`"
        yield Finding("platform", "note", f"stage {stage} is not deployed yet", fix)


def _zones(target: Target) -> Iterator[Finding]:
    found = target.client("ec2").describe_availability_zones(Filters=[{"Name": "state", "Values": ["available"]}])
    count = len(found["AvailabilityZones"])
    if count >= _ZONES:
        yield Finding("zones", "ok", f"{count} availability zones, {_ZONES} are used")
    else:
        fix = "set Stage.availability_zones in infra/settings.py, or choose another region"
        yield Finding("zones", "fault", f"only {count} availability zones, {_ZONES} are needed", fix)


def _quotas(target: Target, settings: Settings) -> Iterator[Finding]:
    needed = quotas_needed(settings)
    quotas = _quota_values(target.client("service-quotas"), set(needed))
    for name, count in needed.items():
        if name not in quotas:
            yield Finding("quotas", "note", f"{name}: no such quota is told here", "look at the Service Quotas console")
        elif quotas[name] < count:
            fix = "ask for more in the Service Quotas console (hours to days), or name another type as a parameter"
            yield Finding("quotas", "fault", f"{name}: {quotas[name]:g}, needed are {count}", fix)
        else:
            yield Finding("quotas", "ok", f"{name}: {quotas[name]:g}, needed are {count}")


def quotas_needed(settings: Settings) -> dict[str, int]:
    """Return how many instances at once the pipeline needs, by the name of the quota."""
    needed: dict[str, int] = {}
    for limits, use, count in (
        (settings.prepare, "processing job usage", settings.prepare.instance_count),
        (settings.evaluate, "processing job usage", settings.evaluate.instance_count),
        (settings.train, "spot training job usage", settings.train.instance_count * settings.budget.parallel_trials),
    ):
        name = f"{limits.instance_type} for {use}"
        needed[name] = max(needed.get(name, 0), count)
    return needed


def _quota_values(client: Any, names: set[str]) -> dict[str, float]:
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    found = (quota for page in pages for quota in page["Quotas"])
    return {quota["QuotaName"]: quota["Value"] for quota in found if quota["QuotaName"] in names}


def _image(target: Target) -> Iterator[Finding]:
    uri = xgboost_image(target.client("sts").meta.region_name)
    if target.name == "local":
        yield Finding("image", "ok", f"{uri}: simulated by this environment's packages")
        return
    account, version = uri.split(".")[0], XGBOOST_VERSION
    request = {"registryId": account, "repositoryName": REPOSITORY, "imageIds": [{"imageTag": version}]}
    answer = target.client("ecr").batch_get_image(**request)
    if answer["images"]:
        yield Finding("image", "ok", uri)
    else:
        yield Finding("image", "fault", f"{uri} is not there", "name another version in pipelines/images.py")


def _github(target: Target, stage: str) -> Iterator[Finding]:
    providers = target.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    is_there = any(provider["Arn"].endswith(f"/{_OIDC}") for provider in providers)
    is_ours = bool(stack_outputs(target.client("cloudformation"), stack_name(stage, "Delivery")))
    if is_there and not is_ours:
        fix = "an account has one only: set GitHub(creates_provider=False) in infra/settings.py"
        yield Finding("GitHub", "fault", "the account has GitHub's OIDC provider already", fix)
    else:
        yield Finding("GitHub", "ok", "the OIDC provider is " + ("ours" if is_there else "made by the delivery stack"))


def _monitoring(target: Target) -> Iterator[Finding]:
    try:
        target.client("sagemaker").list_monitoring_schedules(MaxResults=1)
    except ClientError as error:
        text = f"Model Monitor does not answer: {error.response['Error']['Code']}"
    else:
        text = "Model Monitor's API answers; whether the account may make schedules shows only when it tries"
    fix = "a new account monitors by scheduled processing jobs instead; the training pipeline needs none"
    yield Finding("Model Monitor", "note", f"{text}; by its 2026 documentation it takes no new customers", fix)
