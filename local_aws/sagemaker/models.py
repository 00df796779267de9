"""Answer the operations of models."""

from local_aws.errors import ValidationError
from local_aws.moto_adapters import models as moto_models
from local_aws.sagemaker.listing import cut_page, select
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record

KIND = "model"


@operation
def create_model(context: Context, request: Request) -> Response:
    """Record a model."""
    if not request.get("PrimaryContainer") and not request.get("Containers"):
        raise ValidationError("CreateModel needs PrimaryContainer or Containers.")
    for container in request.get("Containers") or [request["PrimaryContainer"]]:
        if not container.get("Image") and not container.get("ModelPackageName"):
            raise ValidationError("A container definition needs Image or ModelPackageName.")
    name = request["ModelName"]
    arn = context.arn(f"model/{name}")
    record = {
        "EnableNetworkIsolation": False,
        **request,
        "ModelArn": arn,
        "CreationTime": context.plane.clock.now(),
    }
    if not context.plane.store.insert(context.key(KIND, name), record):
        raise ValidationError(f'Cannot create already existing model "{arn}".')
    moto_models.mirror(context.account_id, context.region, record)
    return {"ModelArn": arn}


@operation
def describe_model(context: Context, request: Request) -> Response:
    """Return the whole record."""
    return find_model(context, request["ModelName"])


@operation
def list_models(context: Context, request: Request) -> Response:
    """List models, by default by creation time, newest first."""
    models = context.plane.store.list(KIND, context.account_id, context.region)
    page, token = cut_page(
        select(models, request, name="ModelName"),
        request,
        sort_keys={"Name": lambda model: model["ModelName"], "CreationTime": lambda model: model["CreationTime"]},
        sort_by="CreationTime",
        order="Descending",
    )
    fields = ("ModelName", "ModelArn", "CreationTime")
    return {"Models": [{field: model[field] for field in fields} for model in page], **token}


@operation
def delete_model(context: Context, request: Request) -> Response:
    """Forget a model."""
    find_model(context, request["ModelName"])
    context.plane.store.delete(context.key(KIND, request["ModelName"]))
    moto_models.forget(context.account_id, context.region, request["ModelName"])
    return {}


def find_model(context: Context, name: str) -> Record:
    """Return a model's record.

    Raises:
        ValidationError: There is none.
    """
    record = context.plane.store.get(context.key(KIND, name))
    if record is None:
        raise ValidationError(f'Could not find model "{context.arn(f"model/{name}")}".')
    return record
