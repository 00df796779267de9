"""Deploy the roles of the platform's work: who there is. Keys name them, other stacks give them permissions."""

from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.job_role import ServiceRole
from infra.names import arn
from infra.settings import Stage
from infra.stacks.platform_stack import PlatformStack


class IdentitiesStack(PlatformStack):
    """One role per kind of work, without permissions yet.

    Attributes:
        processing: Prepare reads raw, writes curated.
        training: Tune and Train read curated and tuned models, write models and checkpoints.
        evaluation: Evaluate reads curated, models and the champion, writes evaluations.
        pipeline: Creates the jobs under those roles, reads the evaluation report, registers pending packages.
        endpoint: Loads the released model, writes captured requests.
        judge: Compares challenger and champion on captured requests.
        release: The state machine that releases, experiments, promotes and withdraws.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        release_boundary: iam.IManagedPolicy,
        **more: Any,
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, **more)
        self.processing = self._role("Processing", "Prepare: raw tables to curated data sets")
        self.training = self._role("Training", "Tune and Train: curated data sets to models")
        self.evaluation = self._role("Evaluation", "Evaluate: models on curated test months")
        self.pipeline = self._role("Pipeline", "Creates jobs under the job roles, registers pending model packages")
        self.endpoint = self._role("Endpoint", "The model servers: loads the released model, writes captured requests")
        self.judge = self._role("Judge", "Compares challenger and champion on captured requests")
        self.release = ServiceRole(
            self,
            "Release",
            service="states",
            source_arn=arn(self, "states", f"stateMachine:{stage.prefix}-*"),
            description="Releases, experiments, promotes and withdraws",
        )
        iam.PermissionsBoundary.of(self.release).apply(release_boundary)

    def _role(self, construct_id: str, description: str) -> ServiceRole:
        jobs_and_pipelines = arn(self, "sagemaker", "*")
        return ServiceRole(
            self, construct_id, service="sagemaker", source_arn=jobs_and_pipelines, description=description
        )
