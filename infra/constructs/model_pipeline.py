"""Deploy the training pipeline's definition as a CloudFormation resource."""

from aws_cdk import Stack
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.constructs.rendered_definition import definition_with_tokens
from infra.names import arn
from pipelines.bundle import CodeLocations
from pipelines.resources import Resources
from pipelines.settings import Settings


class ModelPipeline(Construct):
    """The very definition that `python -m pipelines render` prints, with this stage's resources for names.

    Attributes:
        name: Of the pipeline.
        arn: Of the pipeline.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        resources: Resources,
        code: CodeLocations,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        definition = definition_with_tokens(resources, code, settings)
        # Plain dictionaries: the typed property class renders its keys in lower case, which CloudFormation rejects.
        self.resource = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            role_arn=resources.roles.pipeline,
            pipeline_definition={"PipelineDefinitionBody": stack.to_json_string(definition)},
            parallelism_configuration={"MaxParallelExecutionSteps": 4},
        )
        self.name = name
        self.arn = arn(self, "sagemaker", f"pipeline/{name}")
