"""Hold a parsed pipeline definition as frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

ParameterType = Literal["String", "Integer", "Float", "Boolean"]
Trigger = Literal["Completed", "Failed", "Stopped", "Any"]
Scalar = str | int | float | bool


@dataclass(frozen=True)
class Parameter:
    """A declared pipeline parameter."""

    name: str
    type: ParameterType
    default: Scalar | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Branch:
    """The branch of a Condition step that holds a step: `outcome` is True for IfSteps."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class Dependency:
    """Run only after another step ended as `trigger` says."""

    step: str
    trigger: Trigger = "Completed"


@dataclass(frozen=True)
class CacheConfig:
    """Reuse an earlier result that is not older than `expire_after` (None: any age)."""

    enabled: bool
    expire_after: timedelta | None = None


@dataclass(frozen=True)
class RetryPolicy:
    """Try a failed step again; exactly one of `max_attempts` and `expire_after_minutes` bounds it."""

    exception_types: frozenset[str]
    interval_seconds: float = 1.0
    backoff_rate: float = 2.0
    max_attempts: int | None = None
    expire_after_minutes: int | None = None


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file in a processing output that Std:JsonGet may read."""

    name: str
    output_name: str
    file_path: str


@dataclass(frozen=True)
class OutputParameter:
    """A value that a Lambda or Callback step returns."""

    name: str
    type: ParameterType


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        where: Place in the definition, for messages: `Steps[2] 'Train'`.
        arguments: The API request, or a Condition's `Conditions`; may hold expressions.
        branch: The Condition branch the step is in, if any.
        settings: Step-level members of some types (`FunctionArn`, `SqsQueueUrl`); may hold expressions.
    """

    where: str
    name: str
    type: str
    arguments: Mapping[str, Any]
    branch: Branch | None = None
    depends_on: tuple[Dependency, ...] = ()
    display_name: str | None = None
    description: str | None = None
    cache: CacheConfig | None = None
    retry_policies: tuple[RetryPolicy, ...] = ()
    property_files: tuple[PropertyFile, ...] = ()
    output_parameters: tuple[OutputParameter, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Definition:
    """A whole pipeline; `steps` holds the steps of all branches too, in the order of the document."""

    version: str
    parameters: tuple[Parameter, ...]
    experiment: Mapping[str, Any] | None
    steps: tuple[Step, ...]

    @cached_property
    def by_name(self) -> dict[str, Step]:
        """Steps by name."""
        return {step.name: step for step in self.steps}
