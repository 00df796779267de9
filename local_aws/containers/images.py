"""Know the images that run here: which URIs name one, and what its `train` and `serve` commands are."""

import importlib.metadata
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local_aws.errors import ValidationError

_REGISTRY = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[a-z0-9._/-]+)(:(?P<tag>[\w.-]+))?(@sha256:[0-9a-f]{64})?"
)
_PACKAGES = {"sagemaker-xgboost": "xgboost", "sagemaker-scikit-learn": "scikit-learn"}
_DISTRIBUTIONS = {"xgboost": ("xgboost", "xgboost-cpu"), "scikit-learn": ("scikit-learn",)}
_SUPPORTED = (
    "Supported are SageMaker's managed images sagemaker-xgboost (for example tag 3.2-0, 3.0-5 or 1.7-1) "
    "and sagemaker-scikit-learn (for example tag 1.4-2-cpu-py3), from any registry account and region"
)


class UnsupportedImageError(ValidationError):
    """The local AWS cannot run this image; the message names those it can."""


@dataclass(frozen=True)
class Image:
    """An image that the local AWS stands in for.

    Attributes:
        uri: As the job names it.
        family: The framework's package name: `xgboost` or `scikit-learn`; empty for an image of the account's own.
        tag: Image tag, such as `3.2-0`.
    """

    uri: str
    family: str
    tag: str

    train_command: tuple[str, ...] = ("train",)
    serve_command: tuple[str, ...] = ("serve",)

    @property
    def has_algorithm_mode(self) -> bool:
        """Whether the image trains without a script of the user's."""
        return self.family == "xgboost"

    @property
    def framework_version(self) -> str:
        """Return the framework's version that the tag promises: `3.2-0` → `3.2`."""
        found = re.match(r"\d+(\.\d+)*", self.tag)
        return found.group() if found else ""

    def version_warning(self) -> str:
        """Return what to tell about an installed framework that is not the tag's version; empty where it is."""
        wanted, installed = self.framework_version, _installed(_DISTRIBUTIONS.get(self.family, ()))
        if not wanted or not self.family or (installed + ".").startswith(wanted + "."):
            return ""
        return (
            f"local AWS: {self.uri} promises {self.family} {wanted}; this simulation runs the job with the "
            f"installed {self.family} {installed}"
        )


def find_image(uri: str, own: Mapping[str, str] | None = None) -> Image:
    """Return the image that a URI names.

    Args:
        uri: As the job or model names it.
        own: Repository → command of the account's own images, which serve models.

    Raises:
        UnsupportedImageError: It names none that the local AWS can run.
    """
    parts = _REGISTRY.fullmatch(uri)
    if parts and (command := (own or {}).get(parts["repository"])):
        return Image(uri, "", parts["tag"] or "", serve_command=tuple(shlex.split(command)))
    name = parts["repository"].rpartition("/")[2] if parts else ""
    if parts is None or name not in _PACKAGES:
        raise UnsupportedImageError(
            f"The local AWS cannot run the image {uri!r}. {_SUPPORTED}; for a model's image of your own, name the "
            "command that serves it when you start the local AWS: --image REPOSITORY=COMMAND."
        )
    return Image(uri, _PACKAGES[name], parts["tag"] or "")


def _installed(distributions: Iterable[str]) -> str:
    for name in distributions:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "(none)"
