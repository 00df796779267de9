"""Tell which permissions a direct call of KMS takes; what S3 does with keys stands in s3_requirements.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
"""

from collections.abc import Iterator

from local_aws.iam.calls import Parameters, key_id_of_ciphertext
from local_aws.iam.requirements import Context, Place, Requirement, tag_context, tags_of
from local_aws.moto_adapters import permissions


def kms_requirements(action: str, given: Parameters, place: Place) -> Iterator[Requirement]:
    """Iterate over the permissions of one KMS call."""
    named = given.get("KeyId") or given.get("TargetKeyId") or given.get("SourceKeyId")
    if not named and "CiphertextBlob" in given:
        named = key_id_of_ciphertext(given["CiphertextBlob"])
    context = _context(action, given, place)
    if not named:
        yield Requirement(f"kms:{action}", "*", context)
        if action == "CreateKey" and tags_of(given):
            yield Requirement("kms:TagResource", "*", context)
        return
    key = permissions.kms_key(str(named), place.account_id, place.region)
    tags = permissions.kms_key_tags(str(named), place.account_id, place.region)
    context |= {f"aws:ResourceTag/{name}": value for name, value in tags.items()}
    yield Requirement(f"kms:{action}", key[0] if key else _key_arn(str(named), place), context)
    if alias := given.get("AliasName"):
        yield Requirement(f"kms:{action}", place.arn("kms", str(alias)), context)


def _context(action: str, given: Parameters, place: Place) -> Context:
    context: Context = {"kms:CallerAccount": place.account_id, **tag_context(tags_of(given))}
    subject = given.get("EncryptionContext") or {}
    context.update({f"kms:EncryptionContext:{key}": str(value) for key, value in subject.items()})
    if subject:
        context["kms:EncryptionContextKeys"] = list(subject)
    if action == "CreateGrant":
        context["kms:GrantOperations"] = list(given.get("Operations", ()))
    return context


def _key_arn(key: str, place: Place) -> str:
    return key if key.startswith("arn:") else place.arn("kms", key if key.startswith("alias/") else f"key/{key}")
