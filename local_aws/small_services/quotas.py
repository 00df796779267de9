"""Tell SageMaker's instance quotas. A simulation: nothing is limited here, and an increase is granted at once."""

import functools
import hashlib
from collections.abc import Iterator
from typing import Any

from local_aws.errors import ApiError
from local_aws.sagemaker.operations import Context
from local_aws.sagemaker.validation import service_model
from local_aws.small_services import answers

_SERVICE, _KIND, _PAGE = "servicequotas", "service-quota", 100
_DEFAULT = 20.0
_USES = {
    "ProcessingInstanceType": ("processing job usage",),
    "TrainingInstanceType": ("training job usage", "spot training job usage"),
    "TransformInstanceType": ("transform job usage",),
    "ProductionVariantInstanceType": ("endpoint usage",),
}
Quota = dict[str, Any]


class NoSuchResourceError(ApiError):
    """A quota that does not exist."""

    code = "NoSuchResourceException"


@answers(_SERVICE, "ListServiceQuotas")
def list_service_quotas(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Return a page of the quotas of SageMaker; of other services there are none."""
    quotas = list(_quotas(context)) if request.get("ServiceCode") == "sagemaker" else []
    start = int(request.get("NextToken") or 0)
    end = start + int(request.get("MaxResults") or _PAGE)
    return {"Quotas": quotas[start:end], **({"NextToken": str(end)} if end < len(quotas) else {})}


@answers(_SERVICE, "GetServiceQuota")
def get_service_quota(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Return one quota."""
    return {"Quota": _find(context, request)}


@answers(_SERVICE, "RequestServiceQuotaIncrease")
def request_service_quota_increase(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Grant an increase at once."""
    quota, value = _find(context, request), float(request["DesiredValue"])
    key = context.key(_KIND, quota["QuotaCode"])
    context.plane.store.insert(key, {})
    context.plane.store.update(key, lambda record: record.update(Value=value))
    names = ("ServiceCode", "QuotaCode", "QuotaName")
    return {"RequestedQuota": {**{name: quota[name] for name in names}, "DesiredValue": value, "Status": "APPROVED"}}


def _find(context: Context, request: dict[str, Any]) -> Quota:
    for quota in _quotas(context):
        if (quota["ServiceCode"], quota["QuotaCode"]) == (request.get("ServiceCode"), request.get("QuotaCode")):
            return quota
    raise NoSuchResourceError(f"No quota {request.get('QuotaCode')!r} of service {request.get('ServiceCode')!r}.")


def _quotas(context: Context) -> Iterator[Quota]:
    for name in _names():
        code = "L-" + hashlib.sha256(name.encode()).hexdigest()[:8].upper()
        granted = context.plane.store.get(context.key(_KIND, code)) or {}
        yield {
            "ServiceCode": "sagemaker",
            "ServiceName": "Amazon SageMaker",
            "QuotaName": name,
            "QuotaCode": code,
            "Value": granted.get("Value", _DEFAULT),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


@functools.cache
def _names() -> tuple[str, ...]:
    model = service_model("sagemaker")
    kinds = {shape: model.shape_for(shape).enum for shape in _USES}
    return tuple(f"{kind} for {use}" for shape, uses in _USES.items() for kind in kinds[shape] for use in uses)
