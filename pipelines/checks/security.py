"""Check the security policy: what every job of every step must have, because an SDK may drop it silently."""

from collections.abc import Iterator
from typing import Any

from pipelines.checks.model import Definition, Finding, Step, references_in

REQUIRED_TAGS = ("project",)


def in_vpc(definition: Definition) -> Iterator[Finding]:
    """A job runs in a VPC: subnets and security groups are given."""
    for step in definition.jobs:
        vpc = _network(step).get("VpcConfig") or {}
        if not vpc.get("Subnets") or not vpc.get("SecurityGroupIds"):
            yield Finding("job-in-vpc", step.name, "VpcConfig needs Subnets and SecurityGroupIds")


def network_isolation(definition: Definition) -> Iterator[Finding]:
    """A job's container has no network."""
    for step in definition.jobs:
        if _network(step).get("EnableNetworkIsolation") is not True:
            yield Finding("network-isolation", step.name, "EnableNetworkIsolation must be true")


def volume_key(definition: Definition) -> Iterator[Finding]:
    """A job's volume is encrypted by our own key."""
    for step in definition.jobs:
        if not _cluster(step).get("VolumeKmsKeyId"):
            yield Finding("volume-key", step.name, "the cluster needs VolumeKmsKeyId")


def output_key(definition: Definition) -> Iterator[Finding]:
    """A job's output is encrypted by our own key."""
    for step in definition.jobs:
        member = "ProcessingOutputConfig" if step.type == "Processing" else "OutputDataConfig"
        if not (step.job.get(member) or {}).get("KmsKeyId"):
            yield Finding("output-key", step.name, f"{member} needs KmsKeyId")


def traffic_encryption(definition: Definition) -> Iterator[Finding]:
    """Instances of one job talk to each other encrypted. A count that is a parameter may become more than one."""
    for step in definition.jobs:
        several = _cluster(step).get("InstanceCount", 1) != 1
        if several and _network(step).get("EnableInterContainerTrafficEncryption") is not True:
            text = "EnableInterContainerTrafficEncryption must be true with more than one instance"
            yield Finding("traffic-encryption", step.name, text)


def tags(definition: Definition) -> Iterator[Finding]:
    """A job carries the tags that cost reports and policies go by."""
    for step in definition.jobs:
        present = {tag.get("Key") for tag in step.arguments.get("Tags") or []}
        missing = [tag for tag in REQUIRED_TAGS if tag not in present]
        if missing:
            yield Finding("job-tags", step.name, f"lacks the tags {', '.join(missing)}")


def own_role(definition: Definition) -> Iterator[Finding]:
    """Each kind of work has its own role: training's is no processing job's, and no two processing steps share one."""
    owners: dict[str, str] = {}
    for step in definition.jobs:
        role = step.job.get("RoleArn")
        if not role:
            yield Finding("own-role", step.name, "needs a RoleArn")
            continue
        kind = f"step {step.name}" if step.type == "Processing" else "training"
        owner = owners.setdefault(str(role), kind)
        if owner != kind:
            yield Finding("own-role", step.name, f"role {role} is already that of {owner}")


def spot_checkpoint(definition: Definition) -> Iterator[Finding]:
    """A spot training keeps checkpoints, under a path no other execution uses: a constant one resumes old models."""
    for step in definition.jobs:
        if not step.job.get("EnableManagedSpotTraining"):
            continue
        uri = (step.job.get("CheckpointConfig") or {}).get("S3Uri")
        if uri is None:
            yield Finding("spot-checkpoint", step.name, "managed spot training needs a CheckpointConfig")
        elif not any(_is_unique(reference.parts) for reference in references_in(uri)):
            text = f"the checkpoint path {uri} is the same in every execution"
            yield Finding("spot-checkpoint", step.name, f"{text}; put the execution's id or a job's name in it")
        stopping = step.job.get("StoppingCondition") or {}
        if stopping.get("MaxWaitTimeInSeconds", 0) < stopping.get("MaxRuntimeInSeconds", 0):
            yield Finding("spot-checkpoint", step.name, "MaxWaitTimeInSeconds must be at least MaxRuntimeInSeconds")


def _is_unique(path: list[str | int]) -> bool:
    if path[:2] in (["Execution", "PipelineExecutionId"], ["Execution", "PipelineExecutionArn"]):
        return True
    return path[:1] == ["Steps"] and str(path[-1]).endswith(("JobName", "JobArn"))


def _network(step: Step) -> dict[str, Any]:
    return dict((step.arguments.get("NetworkConfig") or {}) if step.type == "Processing" else step.job)


def _cluster(step: Step) -> dict[str, Any]:
    if step.type == "Processing":
        return dict((step.arguments.get("ProcessingResources") or {}).get("ClusterConfig") or {})
    return dict(step.job.get("ResourceConfig") or {})
