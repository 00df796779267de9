"""Deploy the training pipeline: permissions, registry, definition, schedule, notices."""

import json
from typing import Any

from aws_cdk import CfnOutput
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.code_bundles import CodeBundles
from infra.constructs.failure_notice import FailureNotice
from infra.constructs.model_pipeline import ModelPipeline
from infra.constructs.retraining_schedule import RetrainingSchedule
from infra.constructs.training_permissions import Surroundings, TrainingPermissions
from infra.settings import Stage
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from infra.stacks.network_stack import NetworkStack
from infra.stacks.platform_stack import PlatformStack
from pipelines.bundle import build_bundles
from pipelines.images import xgboost_image
from pipelines.names import PIPELINE_NAME
from pipelines.resources import PROJECT, Buckets, FileSystem, Keys, Network, Resources, Roles
from pipelines.settings import Settings

RESOURCES_OUTPUT = "Resources"
"""The stack output that holds `pipelines.resources.Resources` as JSON: all the command line needs to find its way."""


class TrainingStack(PlatformStack):
    """The model package group and the pipeline, and what its roles may do.

    Attributes:
        processing_code: Where the processing jobs' code lies.
        processing_arn: ARN of that object.

    Args:
        alarms: Hears of failed executions.
        file_system: Where training reads prepared data; None is S3.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        identities: IdentitiesStack,
        network: NetworkStack,
        lake: LakeStack,
        alarms: sns.ITopic,
        settings: Settings,
        file_system: FileSystem | None = None,
        **more: Any,
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, **more)
        self._file_system = file_system
        code = CodeBundles(self, "Code", bundles=build_bundles())
        self.processing_code, self.processing_arn = code.locations.processing, code.object_arns["processing"]
        jobs_network = Network(tuple(network.subnet_ids), (network.security_group_id,))
        group = sagemaker.CfnModelPackageGroup(
            self, "Models", model_package_group_name=PROJECT, model_package_group_description="Flight-delay models"
        )
        around = Surroundings(code.object_arns, jobs_network, PROJECT, stage.region)
        permissions = TrainingPermissions(self, "Permissions", roles=identities, lake=lake, surroundings=around)
        resources = self._resources(identities, lake, jobs_network)
        pipeline = ModelPipeline(
            self, "Training", name=PIPELINE_NAME, resources=resources, code=code.locations, settings=settings
        )
        pipeline.node.add_dependency(group, permissions)
        FailureNotice(self, "Failure", pipeline_arn=pipeline.arn, topic_arn=alarms.topic_arn)
        if stage.retraining_schedule:
            RetrainingSchedule(
                self, "Retraining", expression=stage.retraining_schedule, pipeline=pipeline.name, alarms=alarms
            ).node.add_dependency(pipeline)
        # Through JSON, because the bridge to CDK takes no tuples.
        CfnOutput(self, RESOURCES_OUTPUT, value=self.to_json_string(json.loads(json.dumps(resources.to_dict()))))
        CfnOutput(self, "PipelineName", value=pipeline.name)

    def _resources(self, roles: IdentitiesStack, lake: LakeStack, network: Network) -> Resources:
        return Resources(
            region=self.region,
            account=self.account,
            image=xgboost_image(self.stage.region),
            buckets=Buckets(lake.raw.bucket_name, lake.curated.bucket_name, lake.artifacts.bucket_name),
            keys=Keys(lake.data_key.key_arn, lake.model_key.key_arn),
            roles=Roles(
                pipeline=roles.pipeline.role_arn,
                processing=roles.processing.role_arn,
                training=roles.training.role_arn,
                evaluation=roles.evaluation.role_arn,
            ),
            network=network,
            file_system=self._file_system,
        )
