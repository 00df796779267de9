"""Generate requests with policies of every type, half of which nearly fit."""

import random
from typing import Any

from local_aws.iam.evaluator import Policies, Request

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/train"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/train/job"
BUCKET = "arn:aws:s3:::lake"
OTHER = "999999999999"
"""The account that owns a bucket across accounts."""
BASE_CONTEXT = {"aws:PrincipalAccount": ACCOUNT, "aws:PrincipalArn": ROLE}
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1111"
RESOURCES = {
    "s3:GetObject": [f"{BUCKET}/raw/a", f"{BUCKET}/models/b"],
    "s3:PutObject": [f"{BUCKET}/raw/a", f"{BUCKET}/models/b"],
    "s3:ListBucket": [BUCKET],
    "kms:Decrypt": [KEY],
    "kms:GenerateDataKey": [KEY],
    "sagemaker:CreateTrainingJob": [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/pipelines-x"],
    "iam:PassRole": [f"arn:aws:iam::{ACCOUNT}:role/job", f"arn:aws:iam::{ACCOUNT}:role/admin"],
}
_TLS = {"aws:SecureTransport": ["true", "false"], "s3:TlsVersion": ["1.2", "1.3"]}
CONTEXTS: dict[str, dict[str, list[Any]]] = {
    "s3:GetObject": {
        **_TLS,
        "aws:SourceVpce": ["vpce-1", "vpce-2"],
        "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z"],
        "aws:PrincipalTag/team": ["raw", "models"],
    },
    "s3:PutObject": {
        "aws:SecureTransport": ["true", "false"],
        "s3:x-amz-server-side-encryption-aws-kms-key-id": [KEY, "arn:other"],
        "s3:x-amz-server-side-encryption": ["aws:kms", "AES256"],
    },
    "s3:ListBucket": {"s3:prefix": ["raw/", "models/", ""], "aws:SourceIp": ["10.0.0.7", "192.0.2.1"]},
    "kms:Decrypt": {"kms:ViaService": ["s3.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"]},
    "kms:GenerateDataKey": {"kms:ViaService": ["s3.us-east-1.amazonaws.com"]},
    "sagemaker:CreateTrainingJob": {
        "sagemaker:InstanceTypes": [["ml.m5.large"], ["ml.m5.large", "ml.p4.xlarge"]],
        "sagemaker:NetworkIsolation": ["true", "false"],
        "sagemaker:VpcSubnets": [["subnet-1"], ["subnet-1", "subnet-9"]],
        "sagemaker:MaxRuntimeInSeconds": ["600", "86400"],
        "sagemaker:VolumeKmsKeyArn": [KEY, f"{KEY}2"],
        "aws:RequestTag/team": ["x", "y"],
    },
    "iam:PassRole": {"iam:PassedToService": ["sagemaker.amazonaws.com", "ec2.amazonaws.com"]},
}
_PRINCIPALS: list[Any] = [
    "*",
    *({"AWS": name} for name in (ROLE, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, f"{ROLE}-other", SESSION)),
    {"Service": "sagemaker.amazonaws.com"},
]
_ORDERS = ("LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_BOOLEAN = (["Bool", "BoolIfExists"], ["true", "false"])
_NUMERIC = [f"Numeric{name}" for name in ("Equals", "NotEquals", *_ORDERS)]
_DATE = [f"Date{name}" for name in ("Equals", "NotEquals", *_ORDERS)]
_ARN = ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"]
_SPECIAL: dict[str, tuple[list[str], list[str]]] = {
    "aws:SecureTransport": _BOOLEAN,
    "sagemaker:NetworkIsolation": _BOOLEAN,
    "sagemaker:MaxRuntimeInSeconds": (_NUMERIC, ["3600"]),
    "sagemaker:VolumeKmsKeyArn": (_ARN, [f"{KEY}*", "arn:aws:kms:*:*:key/*", "arn:aws:kms:*:*:key/1*"]),
    "aws:CurrentTime": (_DATE, ["2026-03-01T00:00:00Z", "2026-01-01T00:00:00Z"]),
    "aws:SourceIp": (["IpAddress", "NotIpAddress"], ["10.0.0.0/8", "192.0.2.1/32"]),
}
_STRINGS = (
    "StringEquals StringNotEquals StringEqualsIfExists StringNotEqualsIfExists StringLike Null StringNotLike "
    "StringEqualsIgnoreCase"
)


class Generator:
    """Make cases; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def case(self) -> tuple[Request, Policies]:
        """Return a request and the policies that apply to it."""
        pick = self._random
        action = pick.choice(list(RESOURCES))
        resource, service = pick.choice(RESOURCES[action]), action.split(":")[0]
        context = {key: pick.choice(values) for key, values in CONTEXTS[action].items() if pick.random() < 0.7}
        identity = {f"P{index}": self._document(action, resource) for index in range(pick.randint(0, 2))}
        boundary = self._document(action, resource, allow=0.9) if pick.random() < 0.3 else None
        own = service == "kms" or (service == "s3" and pick.random() < 0.5)
        session = self._document(action, resource, allow=0.9) if pick.random() < 0.2 else None
        # iam-simulate lets a session policy cap what a resource policy grants to the session itself; AWS does not
        # (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session).
        named = [item for item in _PRINCIPALS if session is None or item != {"AWS": SESSION}]
        by_resource = self._document(action, resource, principals=named) if own else None
        if service == "kms" and pick.random() < 0.1:
            by_resource = {"Version": "2012-10-17", "Statement": []}
        passes = service == "s3" and pick.random() < 0.25
        endpoint = self._document(action, resource, principals=["*"]) if passes else None
        crosses = service == "s3" and pick.random() < 0.15
        request = Request(ROLE, SESSION, action, resource, {**BASE_CONTEXT, **context})
        return request, Policies(identity, boundary, by_resource, endpoint, service == "kms", session, crosses)

    def _document(
        self, action: str, resource: str, principals: list[Any] | None = None, allow: float = 0.8
    ) -> dict[str, Any]:
        count = self._random.randint(1, 2)
        statements = [self._statement(index, action, resource, principals, allow) for index in range(count)]
        return {"Version": "2012-10-17", "Statement": statements}

    def _statement(
        self, index: int, action: str, resource: str, principals: list[Any] | None, allow: float
    ) -> dict[str, Any]:
        pick = self._random
        statement: dict[str, Any] = {"Sid": f"S{index}", "Effect": "Allow" if pick.random() < allow else "Deny"}
        if principals:
            statement["Principal"] = pick.choice(principals)
        other = pick.choice(list(RESOURCES))
        if pick.random() < 0.07:
            statement["NotAction"] = self._actions(other)
        else:
            statement["Action"] = self._actions(action if pick.random() < 0.8 else other)
        statement["NotResource" if pick.random() < 0.07 else "Resource"] = self._resources(resource)
        if condition := self._condition(action):
            statement["Condition"] = condition
        return statement

    def _actions(self, action: str) -> Any:
        return self._random.choice(
            [
                action,
                [action, "logs:PutLogEvents"],
                f"{action.partition(':')[0]}:*",
                "*",
                f"{action[:-3]}*",
                action.lower(),
            ]
        )

    def _resources(self, resource: str) -> Any:
        parent = resource.rsplit("/", 1)[0]
        default = f"{resource[:-1]}${{aws:username, '{resource[-1]}'}}"
        misplaced = resource.replace(ACCOUNT, "${aws:PrincipalAccount}")
        tagged = f"{parent.rpartition('/')[0] or parent}/${{aws:PrincipalTag/team}}/*"
        nearly = [
            tagged,
            resource,
            "*",
            f"{resource[:-2]}*",
            [resource, "arn:aws:s3:::zz"],
            f"{parent}/*",
            f"{resource[:-1]}?",
        ]
        return self._random.choice([*nearly, default, misplaced])

    def _condition(self, action: str) -> dict[str, Any] | None:
        pick = self._random
        if pick.random() < 0.5:
            return None
        found = self._one_condition(action)
        # A second operator: both must hold.
        return {**self._one_condition(action), **found} if pick.random() < 0.2 else found

    def _one_condition(self, action: str) -> dict[str, Any]:
        pick = self._random
        key = pick.choice(list(CONTEXTS[action]))
        value = pick.choice(CONTEXTS[action][key])
        if isinstance(value, list):
            return self._of_several(key, value)
        return self._of_one(key, value)

    def _of_several(self, key: str, values: list[str]) -> dict[str, Any]:
        # No ForAnyValue:…IfExists: AWS's pages say that a missing key makes IfExists true and ForAnyValue false.
        allowed = {"ForAllValues:StringEquals": {key: ["ml.m5.large", "subnet-1"]}, "Null": {key: "false"}}
        return self._random.choice(
            [
                {"ForAllValues:StringEquals": {key: values}},
                {"ForAnyValue:StringEquals": {key: values[:1]}},
                {"ForAnyValue:StringLike": {key: f"{values[0][:4]}*"}},
                {"ForAllValues:StringNotEquals": {key: values[-1:]}},
                {"ForAnyValue:StringNotLike": {key: f"{values[0][:4]}*"}},
                {"ForAllValues:StringLikeIfExists": {key: f"{values[0][:4]}*"}},
                allowed,
                {"Null": {key: self._random.choice(["true", "false"])}},
            ]
        )

    def _of_one(self, key: str, value: str) -> dict[str, Any]:
        pick = self._random
        if key in _SPECIAL and pick.random() < 0.6:
            operators, values = _SPECIAL[key]
            operator = pick.choice(operators)
            exists = "" if operator.endswith("IfExists") or pick.random() < 0.7 else "IfExists"
            return {f"{operator}{exists}": {key: pick.choice([*values, value])}}
        if pick.random() < 0.1:
            open_ended = pick.choice(["${aws:PrincipalTag/team, 'raw'}", "${aws:PrincipalTag/team}"])
            return {pick.choice(["StringEquals", "StringNotEquals", "StringLike"]): {key: open_ended}}
        operator = pick.choice(_STRINGS.split())
        if operator == "Null":
            return {operator: {key: pick.choice(["true", "false"])}}
        if operator.endswith("Like"):
            return {operator: {key: f"{value[: max(1, len(value) // 2)]}*"}}
        return {operator: {key: pick.choice([value, [value, "zzz"], value.upper()])}}
