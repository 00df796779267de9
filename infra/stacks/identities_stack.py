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
        monitor: Judges captured requests against the baselines of the model that answered them.
        monitoring: The state machine that runs the monitors and publishes what they found.
        retraining: The state machine that starts the training pipeline because of drift.
        scoring_job: Writes the next day's schedule as requests for the model.
        scoring: The state machine that has them answered by the champion.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        release_boundary: iam.IManagedPolicy,
        machine_boundary: iam.IManagedPolicy,
        **more: Any,
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, **more)
        self.processing = self._role("Processing", "Prepare: raw tables to curated data sets")
        self.training = self._role("Training", "Tune and Train: curated data sets to models")
        self.evaluation = self._role("Evaluation", "Evaluate: models on curated test months")
        self.pipeline = self._role("Pipeline", "Creates jobs under the job roles, registers pending model packages")
        self.endpoint = self._role("Endpoint", "The model servers: loads the released model, writes captured requests")
        self.judge = self._role("Judge", "Compares challenger and champion on captured requests")
        self.release = self._machine_role("Release", "Releases, experiments, promotes and withdraws", release_boundary)
        self.monitor = self._role("Monitor", "Judges captured requests against the baselines of their model")
        self.monitoring = self._machine_role("Monitoring", "Runs the monitors, publishes metrics", machine_boundary)
        self.retraining = self._machine_role("Retraining", "Starts the pipeline because of drift", machine_boundary)
        self.scoring_job = self._role("ScoringJob", "Prepares scoring: the next day's schedule to requests")
        self.scoring = self._machine_role("Scoring", "Has the next day's schedule scored", machine_boundary)

    def _role(self, construct_id: str, description: str) -> ServiceRole:
        jobs_and_pipelines = arn(self, "sagemaker", "*")
        return ServiceRole(
            self, construct_id, service="sagemaker", source_arn=jobs_and_pipelines, description=description
        )

    def _machine_role(self, construct_id: str, description: str, boundary: iam.IManagedPolicy) -> ServiceRole:
        machines = arn(self, "states", f"stateMachine:{self.stage.prefix}-*")
        role = ServiceRole(self, construct_id, service="states", source_arn=machines, description=description)
        iam.PermissionsBoundary.of(role).apply(boundary)
        return role
