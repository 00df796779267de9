"""Tell people that an execution of a state machine failed, was stopped, or ran out of time."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from constructs import Construct


class WorkflowFailure(Construct):
    """An event rule from executions that did not succeed to the alarm topic, whose own policy lets EventBridge publish.

    Args:
        what: What the machines do, as the message begins.
        guide: Where to read what to do.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        what: str,
        guide: str,
        machine_arns: Sequence[str],
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        members = {"execution": "executionArn", "status": "status", "error": "error", "cause": "cause", "name": "name"}
        paths = {"time": "$.time", **{name: f"$.detail.{member}" for name, member in members.items()}}
        template = f'"{what} <name>: <status> at <time>. <error>: <cause> What to do: {guide}. Execution: <execution>"'
        events.CfnRule(
            self,
            "Failed",
            description=f"{what} failed",
            event_pattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {"stateMachineArn": list(machine_arns), "status": ["ABORTED", "FAILED", "TIMED_OUT"]},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="alarms",
                    arn=topic.topic_arn,
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=paths, input_template=template
                    ),
                )
            ],
        )
