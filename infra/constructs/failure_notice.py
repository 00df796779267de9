"""Tell people that an execution of the pipeline failed."""

from aws_cdk import aws_events as events
from constructs import Construct


class FailureNotice(Construct):
    """An event rule from failed executions to the alarm topic. The topic's own policy lets EventBridge publish."""

    def __init__(self, scope: Construct, construct_id: str, *, pipeline_arn: str, topic_arn: str) -> None:
        super().__init__(scope, construct_id)
        paths = {
            "execution": "$.detail.pipelineExecutionArn",
            "status": "$.detail.currentPipelineExecutionStatus",
            "time": "$.time",
        }
        events.CfnRule(
            self,
            "Failed",
            description="An execution of the training pipeline failed",
            event_pattern={
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
                "detail": {"pipelineArn": [pipeline_arn], "currentPipelineExecutionStatus": ["Failed"]},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="alarms",
                    arn=topic_arn,
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=paths,
                        input_template='"Training pipeline: <status> at <time>. Execution: <execution>"',
                    ),
                )
            ],
        )
