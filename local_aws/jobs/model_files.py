"""Lay out a model's container: its artifacts in /opt/ml/model, its command and its environment."""

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.containers.images import find_image
from local_aws.containers.program_names import SOCKET_NAME, SOCKET_VARIABLE
from local_aws.containers.spec import ContainerSpec
from local_aws.errors import JobFailedError
from local_aws.jobs.container_files import make_folders, opt_ml
from local_aws.jobs.inputs import InputReader, S3Source
from local_aws.store import Record

_MODEL = "/opt/ml/model"


def resolve_container(model: Record, sagemaker: Any) -> Record:
    """Return a model's only container definition, with the image and artifacts of its model package if it names one.

    Raises:
        JobFailedError: It has several (an inference pipeline).
    """
    containers = resolve_containers(model, sagemaker)
    if len(containers) != 1:
        raise JobFailedError(
            f"ClientError: the local AWS transforms with models of one container; {model['ModelName']} has "
            f"{len(containers)}"
        )
    return containers[0]


def resolve_containers(model: Record, sagemaker: Any) -> list[Record]:
    """Return a model's container definitions, with image and artifacts of the model packages that they name."""
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    return [_resolved(container, sagemaker) for container in containers]


def _resolved(container: Record, sagemaker: Any) -> Record:
    if "ModelPackageName" not in container:
        return container
    package = sagemaker.describe_model_package(ModelPackageName=container["ModelPackageName"])
    first = package["InferenceSpecification"]["Containers"][0]
    environment = {**first.get("Environment", {}), **container.get("Environment", {})}
    return {**first, **container, "Environment": environment}


def read_artifacts(container: Record, reader: InputReader, root: Path, scratch: Path) -> None:
    """Put a container's model artifacts into its /opt/ml/model.

    Raises:
        JobFailedError: They are missing or no archive.
    """
    make_folders(root, _MODEL)
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    if uri is None:
        return
    if source.get("CompressionType") == "None":
        reader.read(S3Source("model", uri), {"algo-1": opt_ml(root, _MODEL)})
        return
    reader.read(S3Source("model", uri), {"algo-1": scratch})
    archive = scratch / uri.rstrip("/").rpartition("/")[2]
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(opt_ml(root, _MODEL), filter="data")
    except (tarfile.TarError, OSError) as err:
        raise JobFailedError(
            f"ClientError: Failed to extract the model data archive {uri}: {err}. It must be a .tar.gz."
        ) from err


def serving_container(
    container: Record,
    *,
    host: str,
    root: Path,
    environment: Mapping[str, str],
    log_path: Path,
    images: Mapping[str, str],
) -> ContainerSpec:
    """Return the container that serves a model; `images` are the account's own (see Settings)."""
    image = find_image(container["Image"], images)
    own = {} if image.family else _own_image()
    return ContainerSpec(
        host=host,
        image=container["Image"],
        root=root,
        command=image.serve_command,
        environment={**environment, **own, **container.get("Environment", {})},
        log_path=log_path,
    )


def _own_image() -> dict[str, str]:
    """Return the environment of an image of the account's own, for which a command of this machine stands.

    It finds the code of the server's working directory, and the user's home with whatever was compiled there before.
    """
    return {
        SOCKET_VARIABLE: f"/opt/ml/{SOCKET_NAME}",
        "PYTHONPATH": str(Path.cwd()),
        "HOME": str(Path.home()),
        "OMP_NUM_THREADS": "1",
    }
