"""Hold every number and switch of the platform: one frozen `Stage` per environment."""

from dataclasses import dataclass, field, replace
from typing import Literal

from pipelines.settings import InputMode, Settings

TrainingStorage = Literal["s3-file", "s3-fast-file", "fsx-lustre", "efs"]

INTERFACE_ENDPOINTS = ("sagemaker.api", "sagemaker.runtime", "logs", "monitoring", "sts", "kms")
"""Interface endpoints that code inside the VPC may want. Jobs are network-isolated and need none of them."""


@dataclass(frozen=True)
class Retention:
    """Days after which objects or logs go, per zone of the lake.

    Attributes:
        curated_days: Prepared data sets; an execution can always make its own again.
        checkpoint_days: Training checkpoints, of use only while their job may resume.
        capture_days: Captured requests of endpoints.
        access_log_days: Access logs of buckets and flow logs.
        query_result_days: Results of Athena queries; run again where they are missed.
        noncurrent_days: Overwritten or deleted versions of any object.
        log_group_days: CloudWatch log groups.
    """

    curated_days: int = 90
    checkpoint_days: int = 7
    capture_days: int = 90
    access_log_days: int = 90
    query_result_days: int = 7
    noncurrent_days: int = 30
    log_group_days: int = 30


@dataclass(frozen=True)
class GitHub:
    """The repository whose workflows may assume roles.

    Attributes:
        owner: Organisation or user.
        repository: Name of the repository.
        creates_provider: False where the account has GitHub's OIDC provider already: one per account is the limit.
    """

    owner: str
    repository: str
    creates_provider: bool = True


@dataclass(frozen=True)
class Stage:
    """One environment of the platform.

    Attributes:
        name: `sandbox` or `prod`; part of stack names and tags.
        is_protected: Stateful stacks refuse deletion and keep their data; a sandbox can be destroyed whole.
        region: Region the stage is deployed to; decides the account of the managed image.
        availability_zones: Number of zones with a subnet each; endpoints need two at least.
        interface_endpoints: Which interface endpoints exist. Each costs by the hour and zone, so none by default.
        training_storage: How training reads its channels.
        manages_lake_formation: Grant curated tables through Lake Formation. Off by default, because it takes over
            the account's default permissions for new databases and tables.
        athena_scan_limit_bytes: A query that would scan more is refused.
        monthly_budget_usd: The account's budget; alarms at 80 % of it and at its forecast.
        alarm_email: Who hears of failures and budget alarms; none subscribes nobody.
        retraining_schedule: EventBridge Scheduler expression of the regular retraining; None switches it off.
        operators: Who may read and write objects by hand, where their own policies say so: patterns of the part of
            their ARN after the account (`role/data-operators/*`). The platform's own roles are never among them.
        qualifier: Of the CDK bootstrap resources.
    """

    name: Literal["sandbox", "prod"]
    github: GitHub
    is_protected: bool
    region: str = "us-east-1"
    availability_zones: int = 3
    interface_endpoints: tuple[str, ...] = ()
    training_storage: TrainingStorage = "s3-fast-file"
    manages_lake_formation: bool = False
    athena_scan_limit_bytes: int = 10 * 1024**3
    monthly_budget_usd: int = 100
    alarm_email: str | None = None
    retraining_schedule: str | None = None
    operators: tuple[str, ...] = ("*",)
    qualifier: str = "hnb659fds"
    retention: Retention = field(default_factory=Retention)

    def pipeline_settings(self, budget: str = "default") -> Settings:
        """Return the training pipeline's settings on this stage."""
        mode: InputMode = "File" if self.training_storage == "s3-file" else "FastFile"
        return replace(Settings.of_budget(budget), training_input_mode=mode)

    @property
    def prefix(self) -> str:
        """Return what the names of the stage's stacks begin with, and so the names that CloudFormation makes up."""
        return f"FlightDelay-{self.name}"


STAGES: dict[str, Stage] = {
    "sandbox": Stage(name="sandbox", github=GitHub("OWNER", "REPOSITORY"), is_protected=False),
    "prod": Stage(
        name="prod",
        github=GitHub("OWNER", "REPOSITORY"),
        is_protected=True,
        retraining_schedule="cron(0 6 ? * MON *)",
        operators=("role/data-operators/*",),
        monthly_budget_usd=1000,
        retention=Retention(curated_days=365, capture_days=365, log_group_days=365),
    ),
}


def stage_named(name: str) -> Stage:
    """Return a stage by its name.

    Raises:
        ValueError: There is no such stage.
    """
    if name not in STAGES:
        raise ValueError(f"stage {name!r} does not exist; choose one of {', '.join(STAGES)} (cdk -c stage=NAME)")
    return STAGES[name]
