"""Do what each type of state does."""

from local_aws.step_functions.states.branching import parallel_state
from local_aws.step_functions.states.left import Handler, Left
from local_aws.step_functions.states.mapping import map_state
from local_aws.step_functions.states.plain import choice_state, fail_state, pass_state, succeed_state, wait_state
from local_aws.step_functions.states.task import task_state

HANDLERS: dict[str, Handler] = {
    "Choice": choice_state,
    "Fail": fail_state,
    "Map": map_state,
    "Parallel": parallel_state,
    "Pass": pass_state,
    "Succeed": succeed_state,
    "Task": task_state,
    "Wait": wait_state,
}

__all__ = ["HANDLERS", "Left"]
