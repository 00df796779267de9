"""Register the SageMaker operations that the local AWS answers itself, by their API names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local_aws.errors import LocalAwsError
from local_aws.store import Key

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

Request = dict[str, Any]
Response = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """Who asks, and what answers: the caller's account and region, and the data plane."""

    account_id: str
    region: str
    plane: "DataPlane"

    def arn(self, resource: str) -> str:
        """Return the SageMaker ARN of a resource such as `training-job/name`."""
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{resource}"

    def key(self, kind: str, name: str) -> Key:
        """Return the store key of a resource in the caller's account and region."""
        return Key(kind, name, self.account_id, self.region)


class NotOursError(LocalAwsError):
    """The store does not hold the resource: moto answers the request."""


Operation = Callable[[Context, Request], Response]
OPERATIONS: dict[str, Operation] = {}
"""API operation name (`CreateTrainingJob`) to the function that answers it."""


def operation(function: Operation) -> Operation:
    """Register a function as the operation of its name in CamelCase: `create_training_job` → `CreateTrainingJob`."""
    name = "".join(word.capitalize() for word in function.__name__.split("_"))
    OPERATIONS[name] = function
    return function
