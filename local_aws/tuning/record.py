"""Write what the API describes: the tuning job's record and its training job summaries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from local_aws.store import Record
from local_aws.tuning.completion import CompletionCriteria
from local_aws.tuning.definitions import Definition
from local_aws.tuning.trials import Objective, Trial, best_first, objective_counters, training_counters

ECHOED = (
    "HyperParameterTuningJobConfig",
    "TrainingJobDefinition",
    "TrainingJobDefinitions",
    "WarmStartConfig",
    "Autotune",
)
OBJECTIVE_HYPERPARAMETER = "_tuning_objective_metric"


def new_record(request: Mapping[str, Any], arn: str, definitions: Sequence[Definition], now: datetime) -> Record:
    """Return the record of a tuning job that has just been created."""
    record = {
        "HyperParameterTuningJobName": request["HyperParameterTuningJobName"],
        "HyperParameterTuningJobArn": arn,
        **{key: request[key] for key in ECHOED if key in request},
        "HyperParameterTuningJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
        "TrainingJobStatusCounters": training_counters([]),
        "ObjectiveStatusCounters": objective_counters([]),
        "TrainingJobSummaries": [],
        "_tags": request.get("Tags", []),
    }
    described = [definition_with_objective(definition) for definition in definitions]
    if "TrainingJobDefinition" in request:
        record["TrainingJobDefinition"] = described[0]
    else:
        record["TrainingJobDefinitions"] = described
    return record


def definition_with_objective(definition: Definition) -> dict[str, Any]:
    """Return a definition as SageMaker describes it: the objective is one of its static hyperparameters."""
    static = definition.body.get("StaticHyperParameters", {})
    objective = {OBJECTIVE_HYPERPARAMETER: definition.objective["MetricName"]}
    return {**definition.body, "StaticHyperParameters": {**static, **objective}}


def write_trials(
    record: Record,
    trials: Sequence[Trial],
    definitions: Sequence[Definition],
    criteria: CompletionCriteria,
    now: datetime,
) -> None:
    """Bring counters, summaries (best first) and the best training job of a record up to date."""
    ranked = best_first(trials, criteria.objective)
    summaries = [summarize(trial, definitions[trial.definition]) for trial in ranked]
    record["TrainingJobSummaries"] = summaries
    record["TrainingJobStatusCounters"] = training_counters(trials)
    record["ObjectiveStatusCounters"] = objective_counters(trials)
    record["LastModifiedTime"] = now
    if ranked and ranked[0].objective is not None:
        record["BestTrainingJob"] = summaries[0]
    details = record.setdefault("TuningJobCompletionDetails", {})
    details["NumberOfTrainingJobsObjectiveNotImproving"] = criteria.not_improving(trials)
    if criteria.has_converged(trials):
        details.setdefault("ConvergenceDetectedTime", now)


def write_overall_best(record: Record, parents: Sequence[Record], objective: Objective) -> None:
    """Set OverallBestTrainingJob: the best of this job and, on identical data and algorithm, of its parents."""
    if record.get("WarmStartConfig", {}).get("WarmStartType") != "IdenticalDataAndAlgorithm":
        return
    candidates = [
        {**job["BestTrainingJob"], "TuningJobName": job["HyperParameterTuningJobName"]}
        for job in (record, *parents)
        if "BestTrainingJob" in job
    ]
    if candidates:
        sign = -1 if objective.maximize else 1
        record["OverallBestTrainingJob"] = min(
            candidates, key=lambda job: sign * job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        )


def summarize(trial: Trial, definition: Definition) -> dict[str, Any]:
    """Return a trial as SageMaker's HyperParameterTrainingJobSummary."""
    metric = None
    if trial.objective is not None:
        metric = {
            "Type": definition.objective["Type"],
            "MetricName": definition.objective["MetricName"],
            "Value": trial.objective,
        }
    summary = {
        "TrainingJobDefinitionName": definition.name,
        "TrainingJobName": trial.name,
        "TrainingJobArn": trial.arn,
        "CreationTime": trial.created,
        "TrainingStartTime": trial.started,
        "TrainingEndTime": trial.ended,
        "TrainingJobStatus": trial.status,
        "TunedHyperParameters": dict(trial.values),
        "FailureReason": trial.failure_reason,
        "FinalHyperParameterTuningJobObjectiveMetric": metric,
        "ObjectiveStatus": trial.objective_status,
    }
    return {key: value for key, value in summary.items() if value is not None}
