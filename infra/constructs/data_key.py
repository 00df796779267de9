"""Make a KMS key whose policy names its users.

The account's root may administer the key and may not use it: an IAM policy alone gives nobody the data, so that whoever
can write policies still cannot read. The price is an order of stacks: KMS refuses a key policy that names a role which
does not exist, so all roles are made first (`IdentitiesStack`), then the keys that name them, and the roles' own
permissions last. Matching role names by pattern would do without that order, and would trust whoever can create a role
of such a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.names import iam_arn
from infra.settings import Stage

_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)


@dataclass(frozen=True)
class KeyUsers:
    """Who may use a key, and for what.

    Attributes:
        readers: Decrypt objects in S3.
        writers: Encrypt objects in S3; S3 also decrypts for them, to put the parts of an upload together.
        volumes: Let AWS attach encrypted volumes.
    """

    readers: Sequence[iam.IRole] = ()
    writers: Sequence[iam.IRole] = ()
    volumes: Sequence[iam.IRole] = ()


class DataKey(kms.Key):
    """A rotated key for one class of data."""

    def __init__(self, scope: Construct, construct_id: str, *, data_class: str, stage: Stage) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Encrypts the {data_class} data of the flight-delay platform",
            enable_key_rotation=True,
            rotation_period=Duration.days(365),
            pending_window=Duration.days(30 if stage.is_protected else 7),
            removal_policy=RemovalPolicy.RETAIN if stage.is_protected else RemovalPolicy.DESTROY,
            policy=iam.PolicyDocument(statements=[_statement("Administration", [_root()], _ADMINISTRATION, {})]),
        )
        self._stage = stage

    def name_users(self, users: KeyUsers) -> None:
        """Write the roles that may use the key into its policy."""
        through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{Stack.of(self).region}.amazonaws.com"}}
        if users.readers:
            self._add("ReadersThroughS3", users.readers, ["kms:Decrypt"], through_s3)
        if users.writers:
            self._add("WritersThroughS3", users.writers, ["kms:Decrypt", "kms:GenerateDataKey"], through_s3)
        if users.volumes:
            # The grant is made on SageMaker's behalf, by whichever service attaches the volume: no kms:ViaService.
            for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
            self._add("VolumeGrants", users.volumes, ["kms:CreateGrant"], for_aws)
            self._add("VolumeKeyLookUp", users.volumes, ["kms:DescribeKey"], {})

    def name_operators(self) -> None:
        """Let the stage's operators use the key through S3, as far as their own policies go."""
        own_roles = [iam_arn(self, f"role/{self._stage.prefix}-*")]
        conditions = {
            "StringEquals": {"kms:ViaService": f"s3.{Stack.of(self).region}.amazonaws.com"},
            "ArnLike": {"aws:PrincipalArn": [iam_arn(self, pattern) for pattern in self._stage.operators]},
            "ArnNotLike": {"aws:PrincipalArn": own_roles},
        }
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        self.add_to_resource_policy(_statement("OperatorsThroughS3", [_root()], actions, conditions))

    def name_file_system(self, service: str) -> None:
        """Let whoever may make a file system in this account encrypt it: its service keeps a grant on the key."""
        through = {
            "StringEquals": {
                "kms:CallerAccount": Stack.of(self).account,
                "kms:ViaService": f"{service}.{Stack.of(self).region}.amazonaws.com",
            }
        }
        actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"]
        self.add_to_resource_policy(_statement("FileSystem", [_root()], actions, through))

    def name_service(self, sid: str, service: str, actions: Sequence[str], conditions: Mapping[str, Any]) -> None:
        """Let an AWS service use the key under conditions that tie it to this account."""
        self.add_to_resource_policy(_statement(sid, [iam.ServicePrincipal(service)], actions, conditions))

    def _add(self, sid: str, roles: Sequence[iam.IRole], actions: Sequence[str], conditions: Mapping[str, Any]) -> None:
        principals = [iam.ArnPrincipal(role.role_arn) for role in roles]
        self.add_to_resource_policy(_statement(sid, principals, actions, conditions))


def _root() -> iam.IPrincipal:
    return iam.AccountRootPrincipal()


def _statement(
    sid: str, principals: Sequence[iam.IPrincipal], actions: Sequence[str], conditions: Mapping[str, Any]
) -> iam.PolicyStatement:
    # In a key policy, "*" is this key.
    return iam.PolicyStatement(
        sid=sid, principals=list(principals), actions=list(actions), resources=["*"], conditions=conditions
    )
