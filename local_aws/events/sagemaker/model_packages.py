"""Emit the state changes of model packages: when one is registered, and when its approval or status changes."""

from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.events.sagemaker.changes import SOURCE, public, watch
from local_aws.store import Key, Record

_KIND = "model-package"
_DETAIL_TYPE = "SageMaker Model Package State Change"
_STATUSES = ("ModelPackageStatus", "ModelApprovalStatus", "ModelLifeCycle")
_HIDDEN = {"CreatedBy", "LastModifiedBy", "Tags"}


def observe(plane: DataPlane) -> None:
    """Watch the model packages."""

    def statuses(record: Record) -> list[tuple[str, Any]]:
        return [("", tuple(str(record.get(name)) for name in _STATUSES))]

    def emit(key: Key, record: Record, _: str, __: object) -> None:
        detail = {name: value for name, value in public(record).items() if name not in _HIDDEN}
        detail.setdefault("CertifyForMarketplace", False)
        detail.setdefault("LastModifiedTime", record["CreationTime"])
        plane.events.emit(SOURCE, _DETAIL_TYPE, detail, [record["ModelPackageArn"]], region=key.region)

    watch(plane.store, _KIND, statuses, emit)
