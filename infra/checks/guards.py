"""Hold the platform's own rules for templates: what no public rule pack knows of SageMaker, and what must never slip.

A rule is a function from an assembly to problems, each a sentence that begins with the resource's address.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from infra.checks import workflows
from infra.checks.assembly import Assembly, Resource

Rule = Callable[[Assembly], Iterator[str]]

_WAYS_OUT = ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EgressOnlyInternetGateway")
_JOB_STEPS = ("Processing", "Training", "Tuning", "Transform")
_MIN_INSTANCES = 2
_MAX_POLICY = 6144


def problems(assembly: Assembly) -> list[str]:
    """Return what all rules find."""
    return [problem for rule in RULES for problem in rule(assembly)]


def buckets_are_closed(assembly: Assembly) -> Iterator[str]:
    """Every bucket: encrypted, versioned, owner enforced, no public access, TLS only, logged."""
    policies = {p.properties["Bucket"]: p.properties for p in assembly.resources("AWS::S3::BucketPolicy")}
    logged_to = set()
    buckets = list(assembly.resources("AWS::S3::Bucket"))
    for bucket in buckets:
        logged_to.add(bucket.properties.get("LoggingConfiguration", {}).get("DestinationBucketName"))
    for bucket in buckets:
        name = assembly.name(bucket.stack, bucket.logical_id)
        has = bucket.properties
        checks = {
            "has no default encryption": "BucketEncryption" in has,
            "is not versioned": has.get("VersioningConfiguration", {}).get("Status") == "Enabled",
            "does not enforce ownership": "BucketOwnerEnforced" in json.dumps(has.get("OwnershipControls", {})),
            "can be made public": list(has.get("PublicAccessBlockConfiguration", {}).values()) == [True] * 4,
            "allows requests without TLS": _denies_without_tls(policies.get(name, {})),
            "has no access log": "LoggingConfiguration" in has or name in logged_to,
            "keeps old versions for ever": "NoncurrentVersionExpiration"
            in json.dumps(has.get("LifecycleConfiguration")),
        }
        yield from (f"{bucket.address} {problem}" for problem, is_right in checks.items() if not is_right)


def _denies_without_tls(policy: dict[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Action"] == "s3:*"
        and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
        for statement in policy.get("PolicyDocument", {}).get("Statement", [])
    )


def nothing_stored_is_open(assembly: Assembly) -> Iterator[str]:
    """Topics, log groups, trails and file systems have a key of ours; log groups end."""
    wanted = {
        "AWS::CloudTrail::Trail": ("KMSKeyId", "EnableLogFileValidation"),
        "AWS::EFS::FileSystem": ("Encrypted", "KmsKeyId"),
        "AWS::FSx::FileSystem": ("KmsKeyId",),
        "AWS::Logs::LogGroup": ("KmsKeyId", "RetentionInDays"),
        "AWS::SNS::Topic": ("KmsMasterKeyId",),
        "AWS::KMS::Key": ("EnableKeyRotation",),
    }
    for resource in assembly.resources(*wanted):
        missing = [name for name in wanted[resource.type] if not resource.properties.get(name)]
        yield from (f"{resource.address} lacks {name}" for name in missing)


def network_is_isolated(assembly: Assembly) -> Iterator[str]:
    """No gateway, no public subnet, no default route, no security group rule that lets the world in."""
    yield from (f"{resource.address} is a way to the internet" for resource in assembly.resources(*_WAYS_OUT))
    for subnet in assembly.resources("AWS::EC2::Subnet"):
        if subnet.properties.get("MapPublicIpOnLaunch"):
            yield f"{subnet.address} is a public subnet"
    for route in assembly.resources("AWS::EC2::Route"):
        yield f"{route.address} is a route out of the VPC"
    for group in assembly.resources("AWS::EC2::SecurityGroup"):
        for rule in group.properties.get("SecurityGroupIngress", []):
            if rule.get("CidrIp") or rule.get("CidrIpv6"):
                yield f"{group.address} lets {rule.get('CidrIp') or rule.get('CidrIpv6')} in"


def roles_are_bounded(assembly: Assembly) -> Iterator[str]:
    """Every role: a boundary, no policy of AWS's, no inline policy, a trust that names who for."""
    for role in assembly.resources("AWS::IAM::Role"):
        if not role.properties.get("PermissionsBoundary"):
            yield f"{role.address} has no permissions boundary"
        if role.properties.get("ManagedPolicyArns") or role.properties.get("Policies"):
            yield f"{role.address} has inline policies or policies of AWS's"
        for statement in role.properties["AssumeRolePolicyDocument"]["Statement"]:
            yield from (f"{role.address} {problem}" for problem in _weak_trust(statement))
    for policy in assembly.resources("AWS::IAM::Policy"):
        yield f"{policy.address} is an inline policy"


def _weak_trust(statement: dict[str, Any]) -> Iterator[str]:
    conditions = {key: value for operator in statement.get("Condition", {}).values() for key, value in operator.items()}
    if "Service" in statement["Principal"] and "aws:SourceAccount" not in conditions:
        yield "can be assumed for another account's resources (no aws:SourceAccount)"
    if "Federated" in statement["Principal"]:
        subjects = conditions.get("token.actions.githubusercontent.com:sub", "*")
        if "*" in json.dumps(subjects) or "token.actions.githubusercontent.com:aud" not in conditions:
            yield "can be assumed by other workflows (aud or sub)"


def policies_fit(assembly: Assembly) -> Iterator[str]:
    """IAM refuses a managed policy of more than 6,144 characters, white space apart, when it is deployed."""
    for policy in assembly.resources("AWS::IAM::ManagedPolicy"):
        length = len(json.dumps(policy.properties["PolicyDocument"], separators=(",", ":")))
        if length > _MAX_POLICY:
            yield f"{policy.address} has {length} characters; IAM takes {_MAX_POLICY}"


def keys_name_their_users(assembly: Assembly) -> Iterator[str]:
    """The account's root administers a key; whoever uses it is named, or narrowed by a condition."""
    crypto = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:*"}
    for key in assembly.resources("AWS::KMS::Key"):
        for statement in key.properties["KeyPolicy"]["Statement"]:
            actions = statement["Action"]
            used = crypto & set([actions] if isinstance(actions, str) else actions)
            if used and not statement.get("Condition"):
                yield f"{key.address} lets {statement['Principal']} use it without a condition ({statement.get('Sid')})"


def jobs_are_isolated(assembly: Assembly) -> Iterator[str]:
    """Every job of every pipeline: our subnets, isolated, traffic encrypted, volume and output keys."""
    for pipeline in assembly.resources("AWS::SageMaker::Pipeline"):
        definition = json.loads(pipeline.properties["PipelineDefinition"]["PipelineDefinitionBody"])
        for step in _steps(definition["Steps"]):
            if step["Type"] in _JOB_STEPS:
                job = step["Arguments"].get("TrainingJobDefinition", step["Arguments"])
                yield from (f"{pipeline.address} step {step['Name']} {problem}" for problem in _open_job(job))


def _open_job(job: dict[str, Any]) -> Iterator[str]:
    # A processing job has these below NetworkConfig, a training job at the top.
    network = job.get("NetworkConfig", job)
    volumes = job.get("ProcessingResources", {}).get("ClusterConfig") or job.get("ResourceConfig", {})
    outputs = job.get("ProcessingOutputConfig") or job.get("OutputDataConfig", {})
    if not network.get("EnableNetworkIsolation"):
        yield "is not isolated from the network"
    if not network.get("EnableInterContainerTrafficEncryption"):
        yield "does not encrypt traffic between its instances"
    if not network.get("VpcConfig", {}).get("Subnets"):
        yield "runs outside the VPC"
    if not volumes.get("VolumeKmsKeyId"):
        yield "has an unencrypted volume"
    if not outputs.get("KmsKeyId"):
        yield "writes its output without a key"


def _steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(step["Arguments"].get(branch, []) if step["Type"] == "Condition" else [])


def endpoints_survive(assembly: Assembly) -> Iterator[str]:
    """Every endpoint: two instances a variant, captured, encrypted, in the VPC, rolled back by alarms."""
    for config in assembly.resources("AWS::SageMaker::EndpointConfig"):
        yield from (f"{config.address} {problem}" for problem in _weak_config(config))
    for model in assembly.resources("AWS::SageMaker::Model"):
        if not model.properties.get("EnableNetworkIsolation"):
            yield f"{model.address} is not isolated from the network"
        if not model.properties.get("VpcConfig"):
            yield f"{model.address} runs outside the VPC"
    for endpoint in assembly.resources("AWS::SageMaker::Endpoint"):
        rollback = endpoint.properties.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        if not rollback.get("Alarms"):
            yield f"{endpoint.address} is not rolled back by any alarm"


def _weak_config(config: Resource) -> Iterator[str]:
    for variant in config.properties["ProductionVariants"]:
        if variant.get("InitialInstanceCount", 0) < _MIN_INSTANCES and "ServerlessConfig" not in variant:
            yield f"variant {variant['VariantName']} has fewer than {_MIN_INSTANCES} instances"
    if not config.properties.get("DataCaptureConfig", {}).get("EnableCapture"):
        yield "captures no data"
    if not config.properties.get("KmsKeyId"):
        yield "has unencrypted volumes"


def workflows_are_careful(assembly: Assembly) -> Iterator[str]:
    """Every state machine: errors handled, and what it makes as safe as what a template makes."""
    for machine in workflows.machines(assembly):
        yield from workflows.problems(machine)


RULES: tuple[Rule, ...] = (
    buckets_are_closed,
    nothing_stored_is_open,
    network_is_isolated,
    roles_are_bounded,
    policies_fit,
    keys_name_their_users,
    jobs_are_isolated,
    endpoints_survive,
    workflows_are_careful,
)
