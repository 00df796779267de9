"""Name the parameters of the training pipeline: what may differ from one execution to the next.

This module does not import the SDK: the command line checks and completes parameters without paying for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pipelines.errors import UsageError
from pipelines.resources import Resources
from pipelines.settings import Settings

APPROVAL_STATUSES = ("PendingManualApproval", "Approved", "Rejected")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its type decides how SageMaker checks a value."""

    name: str
    type: str
    default: str | float
    choices: tuple[str, ...] = ()

    def parse(self, text: str) -> str:
        """Return a value as StartPipelineExecution takes it (always text).

        Raises:
            UsageError: The value is not of the parameter's type or none of its choices.
        """
        if self.choices and text not in self.choices:
            raise UsageError(f"parameter {self.name}: {text!r} is none of {', '.join(self.choices)}")
        if self.type == "Float":
            try:
                number = float(text)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):  # no number is above or below NaN: a gate would always say no
                raise UsageError(f"parameter {self.name}: {text!r} is not a number")
        return text


def pipeline_parameters(resources: Resources, settings: Settings) -> tuple[Parameter, ...]:
    """Return the parameters with their defaults.

    DataVersion and ChampionVersion carry a fingerprint of what lies under the two input prefixes: SageMaker's step
    cache compares URIs, not content, and would take replaced data for the old.
    """
    return (
        Parameter("RawDataUri", "String", f"s3://{resources.buckets.raw}/nycflights13"),
        Parameter("DataVersion", "String", "unversioned"),
        Parameter("ChampionUri", "String", f"s3://{resources.buckets.artifacts}/champion/"),
        Parameter("ChampionVersion", "String", "none"),
        Parameter("MinAuc", "Float", settings.min_auc),
        Parameter("MaxLogLoss", "Float", settings.max_log_loss),
        Parameter("MaxRejectedFraction", "Float", settings.max_rejected_fraction),
        Parameter("ModelApprovalStatus", "String", APPROVAL_STATUSES[0], APPROVAL_STATUSES),
        Parameter("GitCommit", "String", "unknown"),
        Parameter("RetrainingReason", "String", "none"),
        Parameter("ProcessingInstanceType", "String", settings.prepare.instance_type),
        Parameter("TrainingInstanceType", "String", settings.train.instance_type),
    )


def parse_assignments(assignments: Sequence[str], known: Sequence[Parameter]) -> dict[str, str]:
    """Return parameter values from `Name=value` texts.

    Raises:
        UsageError: An assignment has no `=`, or names no parameter, or its value has the wrong type.
    """
    by_name = {parameter.name: parameter for parameter in known}
    values: dict[str, str] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise UsageError(f"{assignment!r} is no parameter", hint="write parameters as Name=value")
        if name not in by_name:
            raise UsageError(f"the pipeline has no parameter {name!r}", hint=_suggestion(name, list(by_name)))
        values[name] = by_name[name].parse(text)
    return values


def _suggestion(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"parameters: {', '.join(known)}"
