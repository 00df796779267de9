"""Answer the operations on tags, for what the store holds and for what moto holds."""

from local_aws.moto_adapters import sagemaker_tags as moto
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Key, Record

_MEMBER = "_tags"


@operation
def add_tags(context: Context, request: Request) -> Response:
    """Add tags, or change the values of those a resource has."""
    arn, added = request["ResourceArn"], request["Tags"]
    key = _find(context, arn)
    if key is None:
        return {"Tags": moto.add(context.account_id, context.region, arn, added)}
    new = {tag["Key"] for tag in added}

    def change(record: Record) -> None:
        record[_MEMBER] = [tag for tag in _tags(record) if tag["Key"] not in new] + added

    return {"Tags": _tags(context.plane.store.update(key, change))}


@operation
def list_tags(context: Context, request: Request) -> Response:
    """List a resource's tags."""
    arn = request["ResourceArn"]
    key = _find(context, arn)
    record = context.plane.store.get(key) if key else None
    return {"Tags": moto.of(context.account_id, context.region, arn) if record is None else _tags(record)}


@operation
def delete_tags(context: Context, request: Request) -> Response:
    """Remove tags by their keys."""
    arn, keys = request["ResourceArn"], request["TagKeys"]
    key = _find(context, arn)
    if key is None:
        moto.remove(context.account_id, context.region, arn, keys)
        return {}

    def change(record: Record) -> None:
        record[_MEMBER] = [tag for tag in _tags(record) if tag["Key"] not in keys]

    context.plane.store.update(key, change)
    return {}


def _tags(record: Record) -> list[dict[str, str]]:
    """Return a record's tags; some keep them as they were requested."""
    tags: list[dict[str, str]] = record.get(_MEMBER, record.get("Tags")) or []
    return tags


def _find(context: Context, arn: str) -> Key | None:
    """Return the key of the store's record that an ARN names: its kind and name, or the ARN itself as the name."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if "/execution/" in name:
        kind = f"{kind}-execution"
    for candidate in (context.key(kind, name), context.key(kind, arn)):
        if context.plane.store.get(candidate) is not None:
            return candidate
    return None
