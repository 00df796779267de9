"""Say what no role of the platform may exceed, whatever its own policies say.

A boundary grants nothing. It keeps a mistake in a role's policy, or a role that the deployment was tricked into making,
from reaching other accounts' data, other people's roles, or the means to change its own permissions.
"""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.names import arn, iam_arn
from infra.policies import ENI_ACTIONS, allow
from infra.settings import Stage
from pipelines.images import ACCOUNT_BY_REGION, REPOSITORY

_JOB_KINDS = ("ProcessingJob", "TrainingJob", "HyperParameterTuningJob", "TransformJob")
_SAGEMAKER = (
    *(f"sagemaker:{verb}{kind}" for verb in ("Create", "Describe", "Stop") for kind in _JOB_KINDS),
    "sagemaker:AddTags",
    "sagemaker:CreateModelPackage",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
    "sagemaker:StartPipelineExecution",
)
_S3 = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:PutObject")
_KMS = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
_LOGS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
_ECR = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


_RELEASE_NOUNS = ("Endpoint", "EndpointConfig", "Model")
_RELEASE = (
    *(f"sagemaker:{verb}{noun}" for verb in ("Create", "Describe") for noun in _RELEASE_NOUNS),
    "sagemaker:AddTags",
    "sagemaker:CreateProcessingJob",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:DeleteModel",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:InvokeEndpoint",
    "sagemaker:StopProcessingJob",
    "sagemaker:UpdateEndpoint",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "sagemaker:UpdateModelPackage",
)
_MACHINE = (
    *(
        f"sagemaker:{verb}{kind}"
        for verb in ("Create", "Describe", "Stop")
        for kind in ("ProcessingJob", "TransformJob")
    ),
    "sagemaker:AddTags",
    *(f"sagemaker:Describe{noun}" for noun in ("Endpoint", "EndpointConfig", "Model", "ModelPackage")),
    "sagemaker:ListPipelineExecutions",
    "sagemaker:StartPipelineExecution",
)
_SCALING = tuple(
    f"application-autoscaling:{action}"
    for action in ("DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget")
)
_TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)
_SYNC = ("events:DescribeRule", "events:PutRule", "events:PutTargets")
_READING = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "sagemaker:ListModelPackages",
)
_LOG_DELIVERY = tuple(f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update"))


def release_boundary(scope: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """Return the ceiling of the role that releases: it changes endpoints and approvals, and makes no models."""
    own_account = {"StringEquals": {"aws:ResourceAccount": scope.account}}
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    return [
        allow("OwnBuckets", ("s3:GetObject", "s3:ListBucket", "s3:PutObject"), ["*"], own_account),
        allow("OwnKeys", _KMS, [arn(scope, "kms", "key/*")]),
        allow("Release", _RELEASE, [arn(scope, "sagemaker", "*")]),
        allow("PassPlatformRoles", ["iam:PassRole"], [iam_arn(scope, f"role/{stage.prefix}-*")], to_sagemaker),
        allow("Scale", _SCALING, [arn(scope, "application-autoscaling", "scalable-target/*")]),
        allow("ScalingRole", ["iam:CreateServiceLinkedRole"], [scaling_role(scope)]),
        allow("WaitForJobs", _SYNC, [arn(scope, "events", "*")]),
        allow("Turns", ["states:ListExecutions"], [arn(scope, "states", f"stateMachine:{stage.prefix}-*")]),
        allow("Observe", (*_TRACES, *_LOG_DELIVERY, *_READING), ["*"]),
    ]


def machine_boundary(scope: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """Return the ceiling of state machines that start jobs and the pipeline, and change nothing that serves."""
    own_account = {"StringEquals": {"aws:ResourceAccount": scope.account}}
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    machines = [arn(scope, "states", f"{kind}:{stage.prefix}-*") for kind in ("execution", "stateMachine")]
    return [
        allow("OwnBuckets", ("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"), ["*"], own_account),
        allow("OwnKeys", _KMS, [arn(scope, "kms", "key/*")]),
        allow("Jobs", _MACHINE, [arn(scope, "sagemaker", "*")]),
        allow("PassPlatformRoles", ["iam:PassRole"], [iam_arn(scope, f"role/{stage.prefix}-*")], to_sagemaker),
        allow("WaitForJobs", _SYNC, [arn(scope, "events", "*")]),
        allow("Turns", ["states:DescribeExecution", "states:ListExecutions"], machines),
        allow("Observe", (*_TRACES, *_LOG_DELIVERY, *_READING, "cloudwatch:PutMetricData"), ["*"]),
    ]


def scaling_role(scope: Stack) -> str:
    """Return the ARN of the service-linked role by which autoscaling changes endpoints."""
    service = "sagemaker.application-autoscaling.amazonaws.com"
    return iam_arn(scope, f"role/aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")


def work_boundary(scope: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """Return the ceiling of roles that do the platform's work."""
    registry = f"arn:aws:ecr:{stage.region}:{ACCOUNT_BY_REGION[stage.region]}:repository/{REPOSITORY}"
    own_account = {"StringEquals": {"aws:ResourceAccount": scope.account}}
    services = ["sagemaker.amazonaws.com"]
    return [
        allow("OwnBuckets", _S3, ["*"], own_account),
        allow("OwnKeys", _KMS, [arn(scope, "kms", "key/*")]),
        allow("Jobs", _SAGEMAKER, [arn(scope, "sagemaker", "*")]),
        allow(
            "PassPlatformRoles",
            ["iam:PassRole"],
            [iam_arn(scope, f"role/{stage.prefix}-*")],
            {"StringEquals": {"iam:PassedToService": services}},
        ),
        allow("Network", ENI_ACTIONS, ["*"]),
        allow("Logs", _LOGS, [arn(scope, "logs", "log-group:*")]),
        allow("Metrics", ["cloudwatch:PutMetricData"], ["*"]),
        allow("RollbackAlarms", ["cloudwatch:DescribeAlarms"], [arn(scope, "cloudwatch", f"alarm:{stage.prefix}-*")]),
        allow("StartWorkflows", ["states:StartExecution"], [arn(scope, "states", f"stateMachine:{stage.prefix}-*")]),
        allow("Image", _ECR, [registry]),
        allow("Registry", ["ecr:GetAuthorizationToken"], ["*"]),
    ]
