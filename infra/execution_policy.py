"""Say what CloudFormation may do when it deploys the platform. Given to `cdk bootstrap` in administrator's place.

Source: what each resource type's handlers call (CloudFormation registry schemas, `handlers.*.permissions`). A managed
policy holds 6,144 characters, hence the parts.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.execution_of_serving import model_monitor, named, of, release, service_linked_role, serving
from infra.names import arn, iam_arn
from infra.policies import allow
from infra.settings import Stage

_BUCKET = (
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:GetBucketLogging",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
    "s3:PutBucketLogging",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)
_KEY = (
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
_ROLE_MAKING = ("iam:AttachRolePolicy", "iam:CreateRole", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary")
_ROLE_KEEPING = (
    "iam:DeleteRole",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
_POLICY = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListEntitiesForPolicy",
    "iam:ListPolicyVersions",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)
_QUEUE = (
    "CreateQueue",
    "DeleteQueue",
    "GetQueueAttributes",
    "ListQueueTags",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
)
_NETWORK_NOUNS = ("Vpc", "Subnet", "RouteTable", "SecurityGroup")
_NETWORK = (
    *(f"ec2:{verb}{noun}" for verb in ("Create", "Delete") for noun in _NETWORK_NOUNS),
    *(f"ec2:Describe{noun}s" for noun in _NETWORK_NOUNS),
    "ec2:AssociateRouteTable",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateFlowLogs",
    "ec2:CreateTags",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteTags",
    "ec2:DeleteVpcEndpoints",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeTags",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DisassociateRouteTable",
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifyVpcEndpoint",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
)


def execution_policies(
    stack: Stack, stage: Stage, boundaries: Sequence[iam.IManagedPolicy]
) -> Mapping[str, Sequence[iam.PolicyStatement]]:
    """Return the parts of the execution policy by name."""
    return {
        "ExecutionIdentities": [*_roles(stack, stage, boundaries), *_network(stack, stage)],
        "ExecutionData": [*_lake(stack, stage), *_storage(stack, stage)],
        "ExecutionWork": [*_work(stack, stage), *_observation(stack, stage)],
        "ExecutionServing": [*release(stack, stage), *serving(stack, stage), *model_monitor(stack, stage)],
    }


def _roles(stack: Stack, stage: Stage, boundaries: Sequence[iam.IManagedPolicy]) -> list[iam.PolicyStatement]:
    """Roles only below the boundary; nothing that could change the delivery stack, and so this very policy."""
    roles, policies = iam_arn(stack, f"role/{stage.prefix}-*"), iam_arn(stack, f"policy/{stage.prefix}-*")
    delivery = f"{stage.prefix}-Delivery-*"
    bounded = {"ArnEquals": {"iam:PermissionsBoundary": [boundary.managed_policy_arn for boundary in boundaries]}}
    services = ("events", "sagemaker", "scheduler", "states", "vpc-flow-logs")
    passed = [f"{service}.amazonaws.com" for service in services]
    return [
        allow("MakeBoundedRoles", _ROLE_MAKING, [roles], bounded),
        allow("KeepRoles", _ROLE_KEEPING, [roles]),
        allow("Policies", _POLICY, [policies]),
        allow("PassRoles", ["iam:PassRole"], [roles], {"StringEquals": {"iam:PassedToService": passed}}),
        _deny(
            "DeliveryIsNotOurs",
            [*_ROLE_MAKING, "iam:DeleteRole", "iam:PassRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"],
            [iam_arn(stack, f"role/{delivery}")],
        ),
        _deny(
            "BoundariesAreNotOurs",
            ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion"],
            [iam_arn(stack, f"policy/{delivery}")],
        ),
    ]


def _network(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    made = [allow("Network", _NETWORK, ["*"], {"StringEquals": {"aws:RequestedRegion": stack.region}})]
    if stage.interface_endpoints:
        # Private DNS names of the endpoints.
        made.append(allow("PrivateDns", ["route53:AssociateVPCWithHostedZone"], ["*"]))
    return made


def _lake(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    tagged = {"StringEquals": {"aws:ResourceTag/stage": stage.name}}
    database = f"flight_delay_{stage.name}"
    name = stage.prefix.lower()
    catalogue = [arn(stack, "glue", part) for part in _catalogue_parts(database)]
    glue = [f"glue:{verb}{noun}" for verb in ("Create", "Delete", "Get", "Update") for noun in ("Database", "Table")]
    athena = [f"athena:{verb}WorkGroup" for verb in ("Create", "Delete", "Get", "Update")]
    trail = [f"cloudtrail:{verb}Trail" for verb in ("Create", "Delete", "Update")]
    return [
        allow("Buckets", _BUCKET, [f"arn:aws:s3:::{name}-*"]),
        allow(
            "MakeTaggedKeys",
            ["kms:CreateKey", "kms:TagResource"],
            ["*"],
            {"StringEquals": {"aws:RequestTag/stage": stage.name}},
        ),
        allow("Keys", _KEY, [arn(stack, "kms", "key/*")], tagged),
        allow("Catalogue", glue, catalogue),
        allow(
            "Queries",
            [*athena, "athena:ListTagsForResource", "athena:TagResource", "athena:UntagResource"],
            [arn(stack, "athena", f"workgroup/flight-delay-{stage.name}")],
        ),
        allow(
            "Trail",
            [
                *trail,
                "cloudtrail:AddTags",
                "cloudtrail:GetEventSelectors",
                "cloudtrail:GetTrail",
                "cloudtrail:GetTrailStatus",
                "cloudtrail:ListTags",
                "cloudtrail:PutEventSelectors",
                "cloudtrail:RemoveTags",
                "cloudtrail:StartLogging",
                "cloudtrail:StopLogging",
            ],
            [arn(stack, "cloudtrail", f"trail/{stage.prefix}-*")],
        ),
        allow("FindTrails", ["cloudtrail:DescribeTrails", "cloudtrail:ListTrails"], ["*"]),
        *(_lake_formation() if stage.manages_lake_formation else []),
    ]


def _catalogue_parts(database: str) -> list[str]:
    """Return what a call of Glue is about; deleting a database takes all that may be in it."""
    return ["catalog", f"database/{database}", f"table/{database}/*", f"userDefinedFunction/{database}/*"]


def _lake_formation() -> list[iam.PolicyStatement]:
    actions = ("GetDataLakeSettings", "PutDataLakeSettings", "GrantPermissions", "ListPermissions", "RevokePermissions")
    return [allow("LakeFormation", [f"lakeformation:{action}" for action in actions], ["*"])]


def _storage(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    if stage.training_storage == "efs":
        nouns = ("FileSystem", "MountTarget")
        actions = ["CreateMountTarget", "DeleteFileSystem", "DeleteMountTarget", "PutBackupPolicy"]
        more = [f"elasticfilesystem:Describe{noun}s" for noun in nouns]
        tags = [f"elasticfilesystem:{verb}Resource" for verb in ("Tag", "Untag")]
        mine = [*of("elasticfilesystem", *actions), *more, *tags]
        return [
            allow(
                "MakeFileSystem",
                ["elasticfilesystem:CreateFileSystem"],
                ["*"],
                {"StringEquals": {"aws:RequestTag/stage": stage.name}},
            ),
            allow("FileSystem", mine, [arn(stack, "elasticfilesystem", "file-system/*")]),
            service_linked_role(stack, "elasticfilesystem.amazonaws.com"),
        ]
    if stage.training_storage == "fsx-lustre":
        nouns = ("FileSystem", "DataRepositoryAssociation")
        actions = [f"fsx:{verb}{noun}" for verb in ("Create", "Delete", "Update") for noun in nouns]
        more = ["fsx:ListTagsForResource", "fsx:TagResource", "fsx:UntagResource"]
        places = [arn(stack, "fsx", "file-system/*"), arn(stack, "fsx", "association/*")]
        find = [f"fsx:Describe{noun}s" for noun in nouns]
        return [
            allow("FileSystem", [*actions, *more], places),
            allow("FindFileSystem", find, ["*"]),
            service_linked_role(stack, "fsx.amazonaws.com"),
        ]
    return []


def _work(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    nouns = ("Pipeline", "ModelPackageGroup")
    verbs = [f"sagemaker:{verb}{noun}" for verb in ("Create", "Delete", "Describe") for noun in nouns]
    more = ["UpdatePipeline", "AddTags", "DeleteTags", "ListTags"]
    mine = [arn(stack, "sagemaker", part) for part in ("pipeline/flight-delay-*", "model-package-group/flight-delay*")]
    return [
        allow("Models", [*verbs, *(f"sagemaker:{action}" for action in more)], mine),
        allow(
            "Schedules",
            [f"scheduler:{verb}Schedule{noun}" for verb in ("Create", "Delete", "Get") for noun in ("", "Group")]
            + ["scheduler:UpdateSchedule", "scheduler:ListTagsForResource", "scheduler:TagResource"],
            [arn(stack, "scheduler", f"{kind}/{stage.prefix}-*") for kind in ("schedule", "schedule-group")],
        ),
        allow(
            "BootstrapVersion",
            ["ssm:GetParameters"],
            [arn(stack, "ssm", f"parameter/cdk-bootstrap/{stage.qualifier}/version")],
        ),
    ]


def _observation(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    rules = ("DeleteRule", "DescribeRule", "ListTargetsByRule", "PutRule", "PutTargets", "RemoveTargets")
    topics = ("CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe", "Unsubscribe")
    groups = ("CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "AssociateKmsKey")
    prefixes = ("/aws/sagemaker/", f"{stage.prefix}-", f"/aws/vendedlogs/states/flight-delay-{stage.name}")
    own_groups = [arn(stack, "logs", f"log-group:{prefix}*") for prefix in prefixes]
    alarms = ("DeleteAlarms", "DescribeAlarms", "PutCompositeAlarm", "PutMetricAlarm")
    tags = ("ListTagsForResource", "TagResource", "UntagResource")
    return [
        allow("Rules", of("events", *rules, *tags), named(stack, stage, "events", "rule/")),
        allow(
            "Topics",
            of("sns", *topics, *tags, "ListSubscriptionsByTopic"),
            named(stack, stage, "sns", ""),
        ),
        allow("Queues", of("sqs", *_QUEUE), [arn(stack, "sqs", f"{stage.prefix}-*")]),
        allow("LogGroups", of("logs", *groups, *tags), own_groups),
        allow("FindLogGroups", ["logs:DescribeLogGroups"], ["*"]),
        allow("Alarms", of("cloudwatch", *alarms, *tags), named(stack, stage, "cloudwatch", "alarm:")),
        allow(
            "Budgets",
            ["budgets:ModifyBudget", "budgets:ViewBudget"],
            [f"arn:aws:budgets::{stack.account}:budget/*"],
        ),
    ]


def _deny(sid: str, actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, effect=iam.Effect.DENY, actions=list(actions), resources=list(resources))
