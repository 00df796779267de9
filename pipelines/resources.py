"""Name the AWS resources a pipeline runs with. Everything is an opaque string: a CDK token is as good as a name."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pipelines.errors import ResourcesError
from pipelines.images import xgboost_image

EXAMPLE_ACCOUNT = "123456789012"
EXAMPLE_REGION = "us-east-1"
PROJECT = "flight-delay"
TAGS = {"project": PROJECT, "managed-by": "pipelines", "data-classification": "public"}


@dataclass(frozen=True)
class Buckets:
    """The zones of the lake, one bucket each.

    Attributes:
        raw: Tables as they land. Jobs read it, nothing in the pipeline writes it.
        curated: Prepared data sets, one prefix per execution.
        artifacts: Code bundles, models, evaluations, checkpoints and the current champion.
    """

    raw: str
    curated: str
    artifacts: str


@dataclass(frozen=True)
class Keys:
    """One KMS key per use, so that a role can be given the one and not the other.

    Attributes:
        data: Encrypts raw and prepared data, and the volumes of the jobs that hold it.
        model: Encrypts models, evaluations and code.
    """

    data: str
    model: str


@dataclass(frozen=True)
class Roles:
    """ARNs of the roles, one per kind of work."""

    pipeline: str
    processing: str
    training: str
    evaluation: str


@dataclass(frozen=True)
class Network:
    """The subnets and security groups in which every job runs."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True)
class FileSystem:
    """A file system that training reads its data from instead of S3.

    Attributes:
        kind: `FileSystemType` of SageMaker's API.
        identifier: Of the file system.
        directory: Where in it the prepared data sets lie: one folder per execution below.
    """

    kind: Literal["FSxLustre", "EFS"]
    identifier: str
    directory: str


@dataclass(frozen=True)
class Resources:
    """All that the definition needs to know about the account it will run in.

    Attributes:
        image: URI of the image of all jobs (see `pipelines.images`).
        model_package_group: Where RegisterModel registers.
        tags: Tags of every job and of the pipeline.
        file_system: Where training reads from; None is S3.
    """

    region: str
    account: str
    image: str
    buckets: Buckets
    keys: Keys
    roles: Roles
    network: Network
    model_package_group: str = PROJECT
    tags: dict[str, str] = field(default_factory=lambda: dict(TAGS))
    file_system: FileSystem | None = None

    @classmethod
    def example(cls) -> Self:
        """Return fixed resources which exist nowhere: `render` shows the definition with them."""
        return cls(
            region=EXAMPLE_REGION,
            account=EXAMPLE_ACCOUNT,
            image=xgboost_image(EXAMPLE_REGION),
            buckets=bucket_names(EXAMPLE_ACCOUNT, EXAMPLE_REGION),
            keys=Keys(
                data=_example_arn("kms", "key/11111111-1111-1111-1111-111111111111"),
                model=_example_arn("kms", "key/22222222-2222-2222-2222-222222222222"),
            ),
            roles=Roles(**{use: _example_role(use) for use in ("pipeline", "processing", "training", "evaluation")}),
            network=Network(
                subnets=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
                security_groups=("sg-0123456789abcdef0",),
            ),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read resources from a JSON file as `save` writes it.

        Raises:
            ResourcesError: The file is missing, no JSON, or lacks a field.
        """
        try:
            return cls.from_dict(json.loads(path.read_text()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = {OSError: getattr(error, "strerror", ""), KeyError: f"it lacks the field {error}"}
            text = next((reason[kind] for kind in reason if isinstance(error, kind)), str(error))
            raise ResourcesError(
                f"{path}: cannot read the resources: {text}",
                hint="the file has the shape that the verb `resources` prints",
            ) from error

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return resources from the plain values of `to_dict`."""
        nested = {
            "buckets": Buckets(**values["buckets"]),
            "keys": Keys(**values["keys"]),
            "roles": Roles(**values["roles"]),
            "network": Network(**{name: tuple(ids) for name, ids in values["network"].items()}),
        }
        system = values.get("file_system")
        return cls(**{**values, **nested, "file_system": FileSystem(**system) if system else None})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self)

    def save(self, path: Path) -> None:
        """Write the resources to a JSON file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n")


def bucket_names(account: str, region: str) -> Buckets:
    """Return the bucket names of the sandbox: S3 names are global, so they carry account and region."""
    return Buckets(**{zone: f"{PROJECT}-{zone}-{account}-{region}" for zone in ("raw", "curated", "artifacts")})


def _example_arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:{resource}"


def _example_role(use: str) -> str:
    return f"arn:aws:iam::{EXAMPLE_ACCOUNT}:role/{PROJECT}-{use}"
