"""Lay out /opt/ml: the configuration files that a container finds, and its environment."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local_aws.store import Record

_GROUP = "homogeneousCluster"


def opt_ml(root: Path, container_path: str = "/opt/ml") -> Path:
    """Return where a container path lies on this machine."""
    return root / container_path.lstrip("/")


def write_json(root: Path, container_path: str, value: Any) -> None:
    """Write a JSON file into a container's file system."""
    target = opt_ml(root, container_path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(value, default=str), encoding="utf-8")


def make_folders(root: Path, *container_paths: str) -> None:
    """Create folders in a container's file system."""
    for path in container_paths:
        opt_ml(root, path).mkdir(parents=True, exist_ok=True)


def resource_config(host: str, hosts: Sequence[str], instance_type: str) -> dict[str, Any]:
    """Return resourceconfig.json of one host."""
    group = {"instance_group_name": _GROUP, "instance_type": instance_type, "hosts": list(hosts)}
    return {
        "current_host": host,
        "current_instance_type": instance_type,
        "current_group_name": _GROUP,
        "hosts": list(hosts),
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def write_training_files(root: Path, job: Record, resources: Mapping[str, Any]) -> None:
    """Write a training container's folders and configuration."""
    make_folders(root, "/opt/ml/model", "/opt/ml/output/data", "/opt/ml/input/data", "/opt/ml/code", "/tmp")  # noqa: S108 - in the container
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": _channel_mode(job, channel),
            "S3DistributionType": s3_source(channel).get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        }
        for channel in job.get("InputDataConfig", ())
    }
    write_json(root, "/opt/ml/input/config/hyperparameters.json", job.get("HyperParameters", {}))
    write_json(root, "/opt/ml/input/config/inputdataconfig.json", channels)
    write_json(root, "/opt/ml/input/config/resourceconfig.json", resources)


def s3_source(channel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the S3DataSource of a channel, or of an input that has the same shape."""
    source: dict[str, Any] = channel["DataSource"].get("S3DataSource", {})
    return source


def channel_mode(job: Mapping[str, Any], channel: Mapping[str, Any]) -> str:
    """Return a channel's input mode: its own, or the job's."""
    return str(channel.get("InputMode") or job["AlgorithmSpecification"].get("TrainingInputMode", "File"))


def _channel_mode(job: Mapping[str, Any], channel: Mapping[str, Any]) -> str:
    # A FastFile channel tells the container File: it looks like files.
    mode = channel_mode(job, channel)
    return "File" if mode == "FastFile" else mode
