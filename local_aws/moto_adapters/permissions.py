"""Read from moto what decides a request: roles and users, policies, buckets, keys, VPC endpoints."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.moto_adapters import backends

_GLOBAL = "aws"


@dataclass(frozen=True)
class Grants:
    """What a role or user may do: policy name → document as JSON, boundary, and for a role its trust policy."""

    arn: str
    identity: Mapping[str, str]
    boundary: str | None
    trust: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Bucket:
    """Who owns a bucket, its policy, and how it encrypts by default."""

    account_id: str
    policy: str | None
    encryption: str | None
    key_id: str | None
    has_bucket_key: bool


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint, and its policy."""

    endpoint_id: str
    vpc_id: str
    policy: str


@dataclass(frozen=True)
class IssuedSession:
    """What STS or IAM issued an access key for."""

    arn: str
    session_name: str | None
    policy: str | None


def role(arn: str) -> Grants | None:
    """Return a role by its ARN."""
    name = arn.rpartition("/")[2]
    return next((_grants(iam, item) for iam, item in _roles(arn) if item.name == name and item.arn == arn), None)


def role_arn_of_name(account_id: str, name: str) -> str | None:
    """Return the ARN, which holds the path, of a role by its name."""
    found = backends.backend("iam", account_id, _GLOBAL).roles.values()
    return next((str(item.arn) for item in list(found) if item.name == name), None)


def boundary_arn(arn: str) -> str | None:
    """Return the ARN of the permissions boundary of a role or user; None where it has none, or does not exist."""
    iam = backends.backend("iam", arn.split(":")[4], _GLOBAL)
    found = next((item for item in [*iam.roles.values(), *iam.users.values()] if item.arn == arn), None)
    boundary = getattr(found, "permissions_boundary_arn", None)
    return str(boundary) if boundary else None


def all_roles(account_id: str) -> list[Grants]:
    """Return every role of an account."""
    iam = backends.backend("iam", account_id, _GLOBAL)
    return [_grants(iam, item) for item in list(iam.roles.values())]


def user(arn: str) -> Grants | None:
    """Return a user by its ARN, with the policies of its groups."""
    iam = backends.backend("iam", arn.split(":")[4], _GLOBAL)
    found = next((item for item in list(iam.users.values()) if item.arn == arn), None)
    if found is None:
        return None
    own = _grants(iam, found)
    groups = [item for item in list(iam.groups.values()) if found in item.users]
    return Grants(
        own.arn,
        {**own.identity, **{name: text for group in groups for name, text in _documents(group)}},
        own.boundary,
        None,
        own.tags,
    )


def _roles(arn: str) -> Iterator[tuple[Any, Any]]:
    iam = backends.backend("iam", arn.split(":")[4], _GLOBAL)
    return ((iam, item) for item in list(iam.roles.values()))


def _grants(iam: Any, item: Any) -> Grants:
    boundary_arn = getattr(item, "permissions_boundary_arn", None)
    boundary = iam.managed_policies.get(boundary_arn) if boundary_arn else None
    # A boundary that is not there allows nothing.
    text = _default(boundary) if boundary else '{"Statement": []}' if boundary_arn else None
    tags = {tag["Key"]: tag["Value"] for tag in getattr(item, "tags", {}).values()} if _has_tags(item) else {}
    return Grants(item.arn, dict(_documents(item)), text, getattr(item, "assume_role_policy_document", None), tags)


def _has_tags(item: Any) -> bool:
    return isinstance(getattr(item, "tags", None), dict)


def _documents(item: Any) -> Iterator[tuple[str, str]]:
    for arn, policy in list(item.managed_policies.items()):
        yield arn.rpartition("/")[2], _default(policy)
    yield from list(item.policies.items())


def _default(policy: Any) -> str:
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return str(version.document)
    return '{"Statement": []}'


def issued_session(access_key: str) -> IssuedSession | None:
    """Return what STS (a role's session) or IAM (a user) issued an access key for."""
    for account in list(_loaded("sts")):
        for sts in list(account.values()):
            found = sts.get_assumed_role_from_access_key(access_key)
            if found:
                return IssuedSession(found.role_arn, found.session_name, found.policy)
    for account in list(_loaded("iam")):
        for iam in list(account.values()):
            for item in list(iam.users.values()):
                if any(key.access_key_id == access_key and key.status == "Active" for key in item.access_keys):
                    return IssuedSession(item.arn, None, None)
    return None


def _loaded(service: str) -> Iterator[Any]:
    from moto.backends import get_backend  # noqa: PLC0415 - moto is imported on first use

    backends.wait_until_restored()
    yield from get_backend(service).values()


def has_oidc_provider(arn: str) -> bool:
    """Tell whether an account trusts an OpenID Connect provider."""
    return arn in backends.backend("iam", arn.split(":")[4], _GLOBAL).open_id_providers


def bucket(name: str) -> Bucket | None:
    """Return a bucket of any account."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is imported on first use

    backends.wait_until_restored()
    owner = s3_backends.bucket_accounts.get(name)
    found = s3_backends[owner[1]][owner[0]].buckets.get(name) if owner else None
    if found is None:
        return None
    rule = (found.encryption or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    return Bucket(
        owner[1],
        found.policy.decode() if isinstance(found.policy, bytes) else found.policy,
        default.get("SSEAlgorithm"),
        default.get("KMSMasterKeyID"),
        str(rule.get("BucketKeyEnabled")).lower() == "true",
    )


def object_key_id(bucket_name: str, key: str, version_id: str | None) -> str | None:
    """Return the KMS key that an object is encrypted with; None where it has none or does not exist."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is imported on first use

    owner = s3_backends.bucket_accounts.get(bucket_name)
    found = s3_backends[owner[1]][owner[0]].buckets.get(bucket_name) if owner else None
    if found is None:
        return None
    versions = found.keys.getlist(key, default=[])
    if version_id:
        versions = [item for item in versions if str(item.version_id) == version_id]
    item = versions[-1] if versions else None
    return item.kms_key_id if item is not None and getattr(item, "encryption", "") == "aws:kms" else None


def upload_key_id(bucket_name: str, upload_id: str) -> str | None:
    """Return the KMS key that a multipart upload named."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is imported on first use

    owner = s3_backends.bucket_accounts.get(bucket_name)
    found = s3_backends[owner[1]][owner[0]].buckets.get(bucket_name) if owner else None
    upload = found.multiparts.get(upload_id) if found else None
    return upload.kms_key_id if upload else None


def kms_key(key_id: str, account_id: str, region: str) -> tuple[str, str] | None:
    """Return ARN and policy of a key by its id, ARN, alias or alias ARN."""
    if key_id.startswith("arn:"):
        region, account_id = key_id.split(":")[3:5]
    kms = backends.backend("kms", account_id, region)
    try:
        found = kms.keys.get(kms.any_id_to_key_id(key_id))
    except (KeyError, AttributeError):  # moto looks an unknown alias up as nothing
        return None
    return (found.arn, found.policy) if found else None


def kms_key_tags(key_id: str, account_id: str, region: str) -> dict[str, str]:
    """Return the tags of a key, by what `kms_key` takes."""
    found = kms_key(key_id, account_id, region)
    if found is None:
        return {}
    region, account_id, name = *found[0].split(":")[3:5], found[0].rpartition("/")[2]
    listed = backends.backend("kms", account_id, region).list_resource_tags(name)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in listed}


def vpc_endpoint(subnet_ids: tuple[str, ...], account_id: str, region: str, service: str) -> Endpoint | None:
    """Return the endpoint through which calls from subnets reach a service: by route for S3, by name for others."""
    ec2 = backends.backend("ec2", account_id, region)
    subnets = {name: item for zone in list(ec2.subnets.values()) for name, item in list(zone.items())}
    found = next((subnets[name] for name in subnet_ids if name in subnets), None)
    if found is None:
        return None
    for item in list(ec2.vpc_end_points.values()):
        is_reached = item.vpc_id == found.vpc_id and item.service_name.endswith(f".{service}")
        if is_reached and (item.vpc_endpoint_type == "Interface" or _is_routed(ec2, found, item)):
            return Endpoint(item.id, item.vpc_id, item.policy_document)
    return None


def _is_routed(ec2: Any, subnet: Any, endpoint: Any) -> bool:
    """Tell whether the subnet's route table, its own or the VPC's main one, leads to a gateway endpoint."""
    tables = [table for table in list(ec2.route_tables.values()) if table.vpc_id == subnet.vpc_id]
    own = [table for table in tables if subnet.id in table._associations.values()]  # noqa: SLF001 - no public list
    used = own or [table for table in tables if table.main_association_id]
    return any(table.id in (endpoint.route_table_ids or []) for table in used)
