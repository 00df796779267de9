"""Hold every number and switch of the platform: one frozen `Stage` per environment."""

from dataclasses import dataclass, field, replace
from typing import Literal

from pipelines.settings import InputMode, Settings

TrainingStorage = Literal["s3-file", "s3-fast-file", "fsx-lustre", "efs"]

_HOUR, _DAY = 3600, 86_400
_MOST_PERIODS = 200
_MOST_LOOKS = 400

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
class Hosting:
    """How the champion is served.

    Attributes:
        instance_type: Of every variant; burstable ones cannot be scaled automatically.
        min_instances: Per variant; two at least, so that they stand in two availability zones and a canary is possible.
        max_instances: Per variant.
        scale_in_cooldown_seconds: Pause after instances were taken away.
        scale_out_cooldown_seconds: Pause after instances were added.
        p99_latency_ms: Above it the latency alarm fires.
        error_rate: Share of requests answered by 5xx above which the error alarm fires.
        cpu_percent: Of one instance, 100 per vCPU, above which the saturation alarm fires.
        bake_seconds: How long half of a promoted fleet serves under the alarms before the rest follows. Longer than
            the alarms take to fire.
        termination_seconds: How long the old fleet is kept after that.
        image: URI of the project's own serving image; None serves by the managed image.
    """

    instance_type: str = "ml.m5.large"
    min_instances: int = 2
    max_instances: int = 6
    scale_in_cooldown_seconds: int = 600
    scale_out_cooldown_seconds: int = 120
    p99_latency_ms: int = 500
    error_rate: float = 0.01
    cpu_percent: int = 160
    bake_seconds: int = 600
    termination_seconds: int = 120
    image: str | None = None


@dataclass(frozen=True)
class Experiment:
    """How a challenger is compared with the champion.

    Attributes:
        ramp_percent: The challenger's share of the traffic, step by step.
        look_seconds: Time between two looks of the judge, which may look as often as it wants.
        comparison: `paired`: both models score the same requests. `split`: the variants' own requests, where a
            prediction changes what happens.
        alpha: Bound of the probability to prefer a model that is not better, however often it is looked at.
        power: Probability to find the minimum effect within the maximum duration.
        minimum_effect: Smallest difference in log loss that matters.
        minimum_days: Days of traffic before a promotion.
        minimum_requests_per_step: Requests that the challenger must have answered before its share grows.
        maximum_days: After so many days without a decision the champion stays.
        error_rate: The challenger may have so many more errors per request.
        calibration: The challenger's mean prediction may be off the observed rate by so much.
        slice_log_loss: No slice's log loss may get worse by more.
    """

    ramp_percent: tuple[int, ...] = (5, 25, 50)
    look_seconds: int = 24 * 3600
    comparison: Literal["paired", "split"] = "paired"
    alpha: float = 0.05
    power: float = 0.8
    minimum_effect: float = 0.005
    minimum_days: int = 3
    minimum_requests_per_step: int = 100
    maximum_days: int = 28
    error_rate: float = 0.01
    calibration: float = 0.1
    slice_log_loss: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what cannot run.

        Raises:
            ValueError: More looks than one execution's history holds (25,000 events).
        """
        if self.most_looks > _MOST_LOOKS:
            least = -(-self.maximum_days * _DAY // (_MOST_LOOKS - 2))
            raise ValueError(
                f"experiment: look_seconds is {self.look_seconds}; an execution's history holds {_MOST_LOOKS} looks: "
                f"with maximum_days {self.maximum_days} it must be {least} at least (infra/settings.py)"
            )

    @property
    def most_looks(self) -> int:
        """Return how often the judge looks at most; two more than the days hold, for a late start."""
        return self.maximum_days * _DAY // self.look_seconds + 2

    @property
    def metric_seconds(self) -> int:
        """Return the period of the metrics that the judge reads: whole hours, 200 periods at most."""
        hours = -(-self.maximum_days * _DAY // (_MOST_PERIODS * _HOUR))
        return max(hours, 1) * _HOUR


@dataclass(frozen=True)
class Monitoring:
    """How what is served is watched, and when that retrains.

    Attributes:
        schedule: EventBridge Scheduler expression, in UTC; a run does every day that is over and was not done.
        kinds: The monitors.
        label_wait_days: Labels may take so long; then they are late.
        label_horizon_days: A request whose label is still missing after so many days is given up.
        captured_share: Less of the invocations captured is a violation.
        retrains_on: The monitors whose alarm, on the champion, starts the training pipeline.
        retraining_pause_hours: After such a start no drift starts another.
        backend: `processing`: our own jobs. `model-monitor`: Amazon SageMaker Model Monitor, which is closed to new
            customers, for accounts that have it.
        baselines: With `model-monitor`: the S3 folder of statistics.json and constraints.json of the served version.
        evaluation: With `model-monitor`: the S3 folder of that version's evaluation, with the other constraints.
    """

    schedule: str = "cron(0 1 * * ? *)"
    kinds: tuple[str, ...] = ("data-quality", "model-quality", "bias", "attribution")
    label_wait_days: int = 1
    label_horizon_days: int = 7
    captured_share: float = 0.9
    retrains_on: tuple[str, ...] = ("model-quality", "bias", "attribution")
    retraining_pause_hours: int = 24
    backend: Literal["processing", "model-monitor"] = "processing"
    baselines: str = ""
    evaluation: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot run.

        Raises:
            ValueError: A monitor that retrains does not run, or Model Monitor has no baselines.
        """
        if unknown := set(self.retrains_on) - set(self.kinds):
            raise ValueError(
                f"monitoring: retrains_on names {', '.join(sorted(unknown))}, which kinds does not; "
                f"allowed are {', '.join(self.kinds)} (infra/settings.py)"
            )
        if self.backend == "model-monitor" and not (self.baselines and self.evaluation):
            raise ValueError(
                "monitoring: backend is model-monitor, and baselines or evaluation is missing: job definitions name "
                "the files of one model version; give their S3 folders (infra/settings.py)"
            )


@dataclass(frozen=True)
class Scoring:
    """How the next day's schedule is scored.

    A night costs about 0.02 USD: two ml.m5.large for some minutes. A sandbox scores by hand
    (`python -m pipelines score`), because nobody reads its predictions.

    Attributes:
        schedule: EventBridge Scheduler expression, in UTC, between 01:00, as of when the requests are made, and 04:00,
            when it is the evening before in New York all year round; None scores by hand only.
        year: Year whose schedule stands in for the present one, as the raw zone has no other; None is the present one.
        instance_type: Of both jobs.
        readers: Roles that Lake Formation lets query the predictions, where it decides: the part of their ARN after the
            account (`role/analysts`).
    """

    schedule: str | None = None
    year: int | None = 2013
    instance_type: str = "ml.m5.large"
    readers: tuple[str, ...] = ()


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
        hosting: How the champion is served.
        experiment: How a challenger is compared with it.
        scoring: How the next day's schedule is scored.
        monitoring: How both are watched.
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
    hosting: Hosting = field(default_factory=Hosting)
    experiment: Experiment = field(default_factory=Experiment)
    scoring: Scoring = field(default_factory=Scoring)
    monitoring: Monitoring = field(default_factory=Monitoring)

    def pipeline_settings(self, budget: str = "default") -> Settings:
        """Return the training pipeline's settings on this stage."""
        mode: InputMode = "File" if self.training_storage == "s3-file" else "FastFile"
        return replace(Settings.of_budget(budget), training_input_mode=mode)

    @property
    def endpoint(self) -> str:
        """Return the name of the stage's endpoint, with which its configurations' and models' names begin."""
        return f"flight-delay-{self.name}"

    @property
    def prefix(self) -> str:
        """Return what the names of the stage's stacks begin with, and so the names that CloudFormation makes up."""
        return f"FlightDelay-{self.name}"


STAGES: dict[str, Stage] = {
    "sandbox": Stage(
        name="sandbox",
        github=GitHub("OWNER", "REPOSITORY"),
        is_protected=False,
        # Little traffic: with a hundred requests a step a ramp would take weeks.
        experiment=Experiment(minimum_requests_per_step=10),
    ),
    "prod": Stage(
        name="prod",
        github=GitHub("OWNER", "REPOSITORY"),
        is_protected=True,
        retraining_schedule="cron(0 6 ? * MON *)",
        scoring=Scoring(schedule="cron(5 1 * * ? *)"),
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
