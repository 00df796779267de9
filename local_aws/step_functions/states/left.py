"""Say how a state was left."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.step_functions.run import Branch

State = Mapping[str, Any]
Flow = Callable[..., Any]
"""`flow.run_flow`, which the states that have inner states call."""


@dataclass(frozen=True)
class Left:
    """The output of a state, and what follows.

    Attributes:
        next_state: None where the flow ends.
        assign: The Assign that applies.
        assign_from: What `$` is in it.
    """

    output: Any
    next_state: str | None
    assign: Mapping[str, Any] = field(default_factory=dict)
    assign_from: Any = None

    def with_output(self, output: Any) -> "Left":
        """Return the same with another output."""
        return dataclasses.replace(self, output=output)


Handler = Callable[[Branch, State, Any, Flow], Left]


def left(state: State, output: Any, assign_from: Any) -> Left:
    """Leave a state by its Next, or end."""
    return Left(output, state.get("Next"), state.get("Assign", {}), assign_from)
