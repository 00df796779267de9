"""Hold the platform's own rules for state machines: what no scanner knows of the Amazon States Language.

A rule is a function from a state machine to problems. What a workflow makes, CloudFormation never sees: hence the same
demands on models, configurations and updates here as `guards` makes on templates.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.checks.assembly import Assembly

State = Mapping[str, Any]
VARIANTS = ("champion", "challenger")
_SDK = re.compile(r"arn:aws:states:::(?:aws-sdk:)?(?P<service>\w+):(?P<action>\w+?)(?P<pattern>\.sync)?$")
_MIN_INSTANCES = 2


@dataclass(frozen=True)
class Machine:
    """One state machine of an assembly, its definition complete.

    Attributes:
        address: Where to look for it.
        definition: As Step Functions gets it.
    """

    address: str
    definition: dict[str, Any]

    def states(self) -> Iterator[tuple[str, State]]:
        """Yield every state by its name, those of Map states too."""
        yield from _states(self.definition)

    def tasks(self, action: str = "") -> Iterator[tuple[str, State]]:
        """Yield the tasks, or those that call one action such as `sagemaker:createModel`."""
        for name, state in self.states():
            if state["Type"] == "Task" and action in {"", call_of(state)}:
                yield name, state


def machines(assembly: Assembly) -> list[Machine]:
    """Return the state machines of an assembly."""
    return [
        Machine(resource.address, _definition(resource.properties))
        for resource in assembly.resources("AWS::StepFunctions::StateMachine")
    ]


def call_of(task: State) -> str:
    """Return what a task calls: `service:action`."""
    found = _SDK.match(task["Resource"])
    return f"{found['service']}:{found['action']}" if found else str(task["Resource"])


def problems(machine: Machine) -> Iterator[str]:
    """Yield what all rules find, each a sentence that begins with the machine's address and the state."""
    for rule in (_forgets_errors, _has_open_models, _has_weak_configs, _has_unguarded_changes, _has_open_jobs):
        # Several tasks may be given the same: one problem, not one a task.
        yield from dict.fromkeys(f"{machine.address} state {problem}" for problem in rule(machine))


def _forgets_errors(machine: Machine) -> Iterator[str]:
    """Every task has a retry and a catch that somebody thought about; the last catch takes everything."""
    for name, state in machine.tasks():
        if not state.get("Retry"):
            yield f"{name} has no Retry"
        if not state.get("Catch") or state["Catch"][-1]["ErrorEquals"] != ["States.ALL"]:
            yield f"{name} does not catch every error"


def _has_open_models(machine: Machine) -> Iterator[str]:
    for name, request in _requests(machine, "sagemaker:createModel"):
        if not request.get("EnableNetworkIsolation"):
            yield f"{name} makes a model that is not isolated from the network"
        if not request.get("VpcConfig"):
            yield f"{name} makes a model outside the VPC"


def _has_weak_configs(machine: Machine) -> Iterator[str]:
    for name, request in _requests(machine, "sagemaker:createEndpointConfig"):
        for variant in request["ProductionVariants"]:
            if variant["VariantName"] not in VARIANTS:
                yield f"{name} makes a variant {variant['VariantName']}; names are fixed: {', '.join(VARIANTS)}"
            if variant["InitialInstanceCount"] < _MIN_INSTANCES:
                yield f"{name} makes a variant of fewer than {_MIN_INSTANCES} instances"
        if not request.get("DataCaptureConfig", {}).get("EnableCapture"):
            yield f"{name} makes a configuration that captures no data"
        if not request.get("KmsKeyId") or not request.get("DataCaptureConfig", {}).get("KmsKeyId"):
            yield f"{name} makes a configuration without keys"


def _has_unguarded_changes(machine: Machine) -> Iterator[str]:
    """Live instance counts survive every update; an update of the champion's model is rolled back by alarms."""
    for name, task in machine.tasks("sagemaker:updateEndpoint"):
        request = task["Parameters"]
        if not request.get("RetainAllVariantProperties"):
            yield f"{name} resets the instance counts that autoscaling has set"
        config = request.get("DeploymentConfig")
        if config is not None and not config.get("AutoRollbackConfiguration", {}).get("Alarms"):
            yield f"{name} is not rolled back by any alarm"


def _has_open_jobs(machine: Machine) -> Iterator[str]:
    for name, task in machine.tasks("sagemaker:createProcessingJob"):
        request = task["Parameters"]
        network, cluster = request.get("NetworkConfig", {}), request["ProcessingResources"]["ClusterConfig"]
        if not network.get("EnableNetworkIsolation") or not network.get("VpcConfig"):
            yield f"{name} starts a job that is not isolated"
        if not cluster.get("VolumeKmsKeyId") or not request["ProcessingOutputConfig"].get("KmsKeyId"):
            yield f"{name} starts a job without keys"
    # Its network and isolation are its model's.
    for name, task in machine.tasks("sagemaker:createTransformJob"):
        request = task["Parameters"]
        if not request["TransformResources"].get("VolumeKmsKeyId") or not request["TransformOutput"].get("KmsKeyId"):
            yield f"{name} starts a job without keys"


def _requests(machine: Machine, action: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what is given to tasks of an action, or what a Pass state has shaped to be given to one."""
    for name, task in machine.tasks(action):
        given = task["Parameters"]
        shaped = {str(path).rpartition(".")[0] for member, path in given.items() if member.endswith(".$")}
        plain = {member: item for member, item in given.items() if not member.endswith(".$")}
        sources = [
            (other, state["Parameters"])
            for other, state in machine.states()
            if state["Type"] == "Pass" and "Parameters" in state and state.get("ResultPath") in shaped
        ]
        yield from ((other, {**plain, **parameters}) for other, parameters in sources or [(name, given)])


def _states(flow: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    for name, state in flow["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from _states(state["ItemProcessor"])


def _definition(properties: Mapping[str, Any]) -> dict[str, Any]:
    values = properties.get("DefinitionSubstitutions", {})
    text = re.sub(r"\$\{(\w+)\}", lambda found: str(values[found[1]]), properties["DefinitionString"])
    definition: dict[str, Any] = json.loads(text)
    return definition
