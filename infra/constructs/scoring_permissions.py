"""Say what scoring may do: the job that makes requests, the state machine, and the endpoint's role, which answers them.

A transform job reads and writes under its model's own role: the champion's, which is the endpoint's.
"""

from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.job_role import permit
from infra.names import arn
from infra.policies import (
    allow,
    attach_to_vpc,
    isolated_job,
    log_state_machine,
    publish_metrics,
    pull_image,
    read_objects,
    write_logs,
    write_objects,
)
from infra.settings import Stage
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from pipelines.images import ACCOUNT_BY_REGION, REPOSITORY

REQUESTS, PREDICTIONS = "scoring/", "predictions/"
"""Prefixes of the curated zone: what is asked, and what was answered."""

_SYNC_RULES = tuple(f"rule/StepFunctionsGetEventsForSageMaker{kind}JobsRule" for kind in ("Processing", "Transform"))


@dataclass(frozen=True)
class ScoringPlaces:
    """What the permissions speak of.

    Attributes:
        code_arn: The processing code's object.
        raw_prefix: Of the raw tables.
        subnets: Where the job runs, and nowhere else.
        security_groups: In which it runs.
    """

    code_arn: str
    raw_prefix: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


class ScoringPermissions(Construct):
    """Permissions of the three roles that score."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        roles: IdentitiesStack,
        lake: LakeStack,
        places: ScoringPlaces,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._roles, self._lake, self._places = stage, roles, lake, places
        permit(self, "ScoringJob", roles.scoring_job, self._preparing())
        permit(self, "Answers", roles.endpoint, self._answering())
        permit(self, "Scoring", roles.scoring, [*self._jobs(), *self._reading(), *log_state_machine()])

    def _preparing(self) -> list[iam.PolicyStatement]:
        stack, region = Stack.of(self), self._stage.region
        code_bucket, code_key = self._places.code_arn.split("/", 1)
        return [
            *read_objects("Raw", self._lake.raw.bucket_arn, self._places.raw_prefix),
            write_objects("Requests", self._lake.curated.bucket_arn, REQUESTS),
            allow("CodeRead", ["s3:GetObject"], [self._places.code_arn]),
            allow("CodeList", ["s3:ListBucket"], [code_bucket], {"StringEquals": {"s3:prefix": code_key}}),
            attach_to_vpc(),
            write_logs(stack.region, stack.account, "ProcessingJobs"),
            publish_metrics("/aws/sagemaker/*"),
            *pull_image(region, ACCOUNT_BY_REGION[region], REPOSITORY),
        ]

    def _answering(self) -> list[iam.PolicyStatement]:
        stack, curated = Stack.of(self), self._lake.curated.bucket_arn
        return [
            *read_objects("Requests", curated, REQUESTS),
            write_objects("Predictions", curated, PREDICTIONS),
            write_logs(stack.region, stack.account, "TransformJobs"),
        ]

    def _jobs(self) -> list[iam.PolicyStatement]:
        prepare, answer = (arn(self, "sagemaker", f"{kind}") for kind in ("processing-job/schedule-*",
                                                                         "transform-job/score-*"))  # fmt: skip
        verbs = [f"sagemaker:{verb}{kind}Job" for verb in ("Describe", "Stop") for kind in ("Processing", "Transform")]
        rules = [arn(self, "events", rule) for rule in _SYNC_RULES]
        to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        creations = {"StringEquals": {"sagemaker:TaggingAction": ["CreateProcessingJob", "CreateTransformJob"]}}
        inside = isolated_job(self._places.subnets, self._places.security_groups, self._lake.data_key.key_arn)
        return [
            allow("CreatePrepare", ["sagemaker:CreateProcessingJob"], [prepare], inside),
            allow("CreateAnswer", ["sagemaker:CreateTransformJob"], [answer], self._transform_inside()),
            allow("FollowJobs", verbs, [prepare, answer]),
            allow("TagJobs", ["sagemaker:AddTags"], [prepare, answer], creations),
            allow("WaitForJobs", [f"events:{verb}" for verb in ("DescribeRule", "PutRule", "PutTargets")], rules),
            allow("PassRole", ["iam:PassRole"], [self._roles.scoring_job.role_arn], to_sagemaker),
        ]

    def _reading(self) -> list[iam.PolicyStatement]:
        endpoint, configs = (
            arn(self, "sagemaker", f"{kind}/{self._stage.endpoint}{rest}")
            for kind, rest in (("endpoint", ""), ("endpoint-config", "-*"))
        )
        return [
            allow("FindChampion", ["sagemaker:DescribeEndpoint"], [endpoint]),
            allow("FindModel", ["sagemaker:DescribeEndpointConfig"], [configs]),
            allow("SummaryRead", ["s3:GetObject"], [f"{self._lake.curated.bucket_arn}/{REQUESTS}*/summary.json"]),
        ]

    def _transform_inside(self) -> dict[str, Any]:
        """Network and isolation are the model's; here it is which model, and the keys."""
        key = self._lake.data_key.key_arn
        return {
            "ArnLike": {"sagemaker:ModelArn": arn(self, "sagemaker", f"model/{self._stage.endpoint}-v*")},
            "ArnEquals": {"sagemaker:VolumeKmsKeyArn": key, "sagemaker:OutputKmsKeyArn": key},
        }
