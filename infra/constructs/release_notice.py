"""Tell people how releases end, and what to do where one failed.

By EventBridge and not by a task of the workflow: so a notice also comes when an execution times out or is stopped, and
the workflow's role needs neither the topic nor its key.
"""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from constructs import Construct

_DONE = '"Release <name>: <output>"'
_FAILED = (
    '"Release <name>: <status> at <time>. <error>: <cause> What to do: docs/how-to/release.md. Execution: <execution>"'
)


class ReleaseNotice(Construct):
    """Two event rules from ended executions to the alarm topic, whose own policy lets EventBridge publish."""

    def __init__(self, scope: Construct, construct_id: str, *, machine_arns: Sequence[str], topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        self._machines, self._topic = list(machine_arns), topic
        failed = {"execution": "executionArn", "status": "status", "error": "error", "cause": "cause", "name": "name"}
        paths = {"time": "$.time", **{name: f"$.detail.{member}" for name, member in failed.items()}}
        self._add_rule("Failed", "A release did not end", ["ABORTED", "FAILED", "TIMED_OUT"], paths, _FAILED)
        done = {"name": "$.detail.name", "output": "$.detail.output"}
        self._add_rule("Done", "A release ended", ["SUCCEEDED"], done, _DONE)

    def _add_rule(
        self,
        construct_id: str,
        description: str,
        statuses: Sequence[str],
        paths: dict[str, str],
        template: str,
    ) -> None:
        events.CfnRule(
            self,
            construct_id,
            description=description,
            event_pattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {"stateMachineArn": self._machines, "status": list(statuses)},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="alarms",
                    arn=self._topic.topic_arn,
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=paths, input_template=template
                    ),
                )
            ],
        )
