"""Answer the operations of endpoint configurations."""

from local_aws.errors import ValidationError
from local_aws.hosting import records
from local_aws.jobs.s3 import Location
from local_aws.sagemaker.listing import cut_page, select
from local_aws.sagemaker.models import find_model
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record

KIND = records.CONFIG_KIND
_NOT_SIMULATED = (
    "AcceleratorType",
    "CapacityReservationConfig",
    "InstancePools",
    "ManagedInstanceScaling",
)
_NO_SHADOW = ("ServerlessConfig",)


@operation
def create_endpoint_config(context: Context, request: Request) -> Response:
    """Check and record a configuration."""
    name = request["EndpointConfigName"]
    arn = context.arn(f"{KIND}/{name}")
    _check(context, request)
    record = {
        **{key: value for key, value in request.items() if key != "Tags"},
        "ProductionVariants": [_completed(variant) for variant in request["ProductionVariants"]],
        "EndpointConfigArn": arn,
        "CreationTime": context.plane.clock.now(),
        "_tags": request.get("Tags", []),
    }
    if shadows := request.get("ShadowProductionVariants"):
        record["ShadowProductionVariants"] = [_completed(variant) for variant in shadows]
    if not context.plane.store.insert(context.key(KIND, name), record):
        raise ValidationError(f'Cannot create already existing endpoint configuration "{arn}".')
    records.emit_config(context.plane, context.key(KIND, name), record)
    return {"EndpointConfigArn": arn}


@operation
def describe_endpoint_config(context: Context, request: Request) -> Response:
    """Return the whole record."""
    return find_config(context, request["EndpointConfigName"])


@operation
def list_endpoint_configs(context: Context, request: Request) -> Response:
    """List configurations, by default by creation time, newest first."""
    configs = context.plane.store.list(KIND, context.account_id, context.region)
    page, token = cut_page(
        select(configs, request, name="EndpointConfigName"),
        request,
        sort_keys={"Name": lambda item: item["EndpointConfigName"], "CreationTime": lambda item: item["CreationTime"]},
        sort_by="CreationTime",
        order="Descending",
    )
    fields = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
    return {"EndpointConfigs": [{field: item[field] for field in fields} for item in page], **token}


@operation
def delete_endpoint_config(context: Context, request: Request) -> Response:
    """Forget a configuration; as on AWS also one that an endpoint uses, which goes on with a copy."""
    find_config(context, request["EndpointConfigName"])
    context.plane.store.delete(context.key(KIND, request["EndpointConfigName"]))
    return {}


def find_config(context: Context, name: str) -> Record:
    """Return a configuration's record.

    Raises:
        ValidationError: There is none.
    """
    record = context.plane.store.get(context.key(KIND, name))
    if record is None:
        raise ValidationError(f'Could not find endpoint configuration "{context.arn(f"{KIND}/{name}")}".')
    return record


def models_of(context: Context, config: Record) -> dict[str, Record]:
    """Return the records of a configuration's models by name.

    Raises:
        ValidationError: One does not exist.
    """
    variants = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", ())]
    return {variant["ModelName"]: find_model(context, variant["ModelName"]) for variant in variants}


def _completed(variant: Record) -> Record:
    return {"InitialVariantWeight": 1.0, **variant}


def _check(context: Context, request: Request) -> None:
    variants, shadows = request["ProductionVariants"], request.get("ShadowProductionVariants", [])
    names = [variant["VariantName"] for variant in [*variants, *shadows]]
    if len(set(names)) < len(names):
        raise ValidationError(f"Variant names must be unique within an endpoint configuration: {', '.join(names)}.")
    for variant in [*variants, *shadows]:
        _check_variant(variant)
    models_of(context, request)
    if shadows:
        _check_shadow(variants, shadows)
    if "ExplainerConfig" in request:
        raise ValidationError("The local AWS does not simulate ExplainerConfig. Remove it.")
    if len(variants) > 1 and "AsyncInferenceConfig" in request:
        raise ValidationError("An asynchronous endpoint has exactly one production variant.")
    if capture := request.get("DataCaptureConfig"):
        Location.parse(capture["DestinationS3Uri"])


def _check_variant(variant: Record) -> None:
    name = variant["VariantName"]
    for member in _NOT_SIMULATED:
        if member in variant:
            raise ValidationError(f"The local AWS does not simulate {member} (variant {name}). Remove it.")
    if "ModelName" not in variant:
        raise ValidationError(
            f"The local AWS does not simulate inference components: name the model of variant {name} by ModelName."
        )
    if "ServerlessConfig" in variant:
        if extra := {"InstanceType", "InitialInstanceCount"} & set(variant):
            raise ValidationError(f"Variant {name} is serverless: it cannot have {' or '.join(sorted(extra))}.")
        return
    if missing := [member for member in ("InstanceType", "InitialInstanceCount") if member not in variant]:
        raise ValidationError(f"Variant {name} needs {' and '.join(missing)}, or a ServerlessConfig.")


def _check_shadow(variants: list[Record], shadows: list[Record]) -> None:
    if len(variants) != 1 or len(shadows) != 1:
        raise ValidationError(
            "With ShadowProductionVariants, you can only specify one variant for ProductionVariants and one variant "
            "for ShadowProductionVariants."
        )
    if any("ServerlessConfig" in variant for variant in [*variants, *shadows]):
        raise ValidationError("Shadow variants are not supported with serverless variants.")
