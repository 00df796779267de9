"""A SageMaker that answers from plain records, and the execution the tests look at."""

import json
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/flight-delay-training/execution/abcdefghijkl"
DEFINITION = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "MinAuc", "Type": "Float", "DefaultValue": 0.7}],
    "Steps": [
        {"Name": "Prepare", "Type": "Processing", "Arguments": {}, "CacheConfig": {"Enabled": True}},
        {"Name": "Tune", "Type": "Tuning", "Arguments": {}, "CacheConfig": {"Enabled": True}},
        {"Name": "Evaluate", "Type": "Processing", "Arguments": {}, "CacheConfig": {"Enabled": True}},
        {
            "Name": "QualityGate",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [],
                "IfSteps": [{"Name": "RegisterModel", "Type": "RegisterModel", "Arguments": {}}],
                "ElseSteps": [{"Name": "QualityGateFailed", "Type": "Fail", "Arguments": {}}],
            },
        },
    ],
}


def after(seconds):
    return START + timedelta(seconds=seconds)


def step(name, status, start=0, end=None, **more):
    times = {"StartTime": after(start)} | ({"EndTime": after(end)} if end is not None else {})
    return {"StepName": name, "StepStatus": status, **times, **more}


def made(kind, arn):
    return {"Metadata": {kind: {"Arn": arn}}}


class FakeSageMaker:
    """Answers the calls of `Executions` from what a test puts into it."""

    def __init__(self, steps, status="Executing", failure="", trials=()):
        self.steps = steps
        self.status = status
        self.failure = failure
        self.trials = list(trials)

    def describe_pipeline_execution(self, PipelineExecutionArn):
        reason = {"FailureReason": self.failure} if self.failure else {}
        return {"PipelineExecutionStatus": self.status, "CreationTime": START, "LastModifiedTime": after(90), **reason}

    def describe_pipeline_definition_for_execution(self, PipelineExecutionArn):
        return {"PipelineDefinition": json.dumps(DEFINITION)}

    def list_pipeline_parameters_for_execution(self, PipelineExecutionArn):
        return {"PipelineParameters": [{"Name": "MinAuc", "Value": "0.75"}]}

    def list_pipeline_executions(self, **_):
        arns = [ARN, ARN.replace("abcdefghijkl", "bbbbbbbbbbbb")]
        return {"PipelineExecutionSummaries": [{"PipelineExecutionArn": arn} for arn in arns]}

    def describe_hyper_parameter_tuning_job(self, HyperParameterTuningJobName):
        return {"HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 2}}}

    def describe_model_package(self, ModelPackageName):
        return {"ModelPackageVersion": 1, "ModelApprovalStatus": "PendingManualApproval"}

    def describe_processing_job(self, ProcessingJobName):
        names = ("evaluation", "report", "specification")
        outputs = [{"OutputName": name, "S3Output": {"S3Uri": f"s3://zone/{name}"}} for name in names]
        return {"ProcessingOutputConfig": {"Outputs": outputs}}

    def get_paginator(self, operation):
        member = {
            "list_pipeline_execution_steps": ("PipelineExecutionSteps", self.steps),
            "list_training_jobs_for_hyper_parameter_tuning_job": ("TrainingJobSummaries", self.trials),
        }[operation]
        return FakePaginator(*member)


class FakePaginator:
    """Gives its items one to a page."""

    def __init__(self, member, items):
        self._member = member
        self._items = items

    def paginate(self, **_):
        return [{self._member: [item]} for item in self._items] or [{self._member: []}]


def trial(name, status="Completed", value=None, start=0, end=10):
    metric = {"MetricName": "validation:logloss", "Value": value}
    return {
        "TrainingJobName": name,
        "TrainingJobStatus": status,
        "TunedHyperParameters": {"eta": "0.1"},
        "TrainingStartTime": after(start),
        "TrainingEndTime": after(end),
        **({"FinalHyperParameterTuningJobObjectiveMetric": metric} if value is not None else {}),
    }
