"""What a trial asks of CreateTrainingJob, and what its training job's record means for it."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from local_aws.store import Key, Store
from local_aws.tuning.definitions import read_definitions
from local_aws.tuning.training_jobs import TrainingJobs, metric_curve, training_request, trial_end
from local_aws.tuning.trials import Trial
from local_aws.tuning.tuner import MetricReported, StopRequested, TrialEnded
from tests.unit.local_aws.tuning.requests import ACCOUNT, REQUEST, tuning_request

BODY = "TrainingJobDefinition."


def new_trial():
    return Trial(1, 0, "tune-001-abc", {"eta": "0.1"}, datetime.now(UTC))


def request_with(tags=(), **changes):
    (definition,) = read_definitions(tuning_request(**changes))
    return training_request(definition, new_trial(), tags)


def test_a_trial_has_static_and_tuned_hyperparameters_and_its_objective():
    assert request_with()["HyperParameters"] == {
        "num_round": "100",
        "eta": "0.1",
        "_tuning_objective_metric": "validation:auc",
    }


def test_a_trial_is_an_ordinary_training_job_of_its_definition():
    request = request_with(tags=[{"Key": "team", "Value": "ml"}], **{BODY + "EnableNetworkIsolation": True})

    definition = REQUEST["TrainingJobDefinition"]
    for member in ("AlgorithmSpecification", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "RoleArn"):
        assert request[member] == definition[member]
    assert request["EnableNetworkIsolation"] is True
    assert request["Tags"] == [{"Key": "team", "Value": "ml"}]


def test_every_trial_has_its_own_checkpoints():
    request = request_with(**{BODY + "CheckpointConfig": {"S3Uri": "s3://b/checkpoints/", "LocalPath": "/opt/ml/c"}})

    assert request["CheckpointConfig"] == {"S3Uri": "s3://b/checkpoints/tune-001-abc", "LocalPath": "/opt/ml/c"}


@pytest.mark.parametrize(
    "resources",
    [
        {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5},
        {
            "InstanceConfigs": [
                {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5},
                {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
            ],
            "AllocationStrategy": "Prioritized",
        },
    ],
)
def test_flexible_instances_become_the_preferred_ones(resources):
    request = request_with(**{BODY + "ResourceConfig": None, BODY + "HyperParameterTuningResourceConfig": resources})

    assert request["ResourceConfig"] == {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5}


def test_the_objective_is_the_final_value_of_its_metric():
    finals = [{"MetricName": "train:auc", "Value": 0.9}, {"MetricName": "validation:auc", "Value": 0.8}]
    job = {"TrainingJobStatus": "Completed", "FinalMetricDataList": finals, "ModelArtifacts": {}}

    assert trial_end(1, job, "validation:auc") == TrialEnded(1, "Completed", objective=0.8)
    assert trial_end(1, job, "validation:f1").objective is None


def test_a_curve_holds_one_metric_only():
    job = {"_metrics": [{"MetricName": name, "Value": value} for name, value in [("a", 1.0), ("b", 2.0), ("a", 3.0)]]}

    assert metric_curve(job, "a") == [1.0, 3.0]


class FakePlane:
    """A store in which every training job that is created has at once the given record."""

    def __init__(self, record=None, error=None):
        self.store, self.record, self.error = Store(), record, error

    def client(self, service, region):
        assert (service, region) == ("sagemaker", "us-east-1")
        return self

    def create_training_job(self, **request):
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "refused"}}, "CreateTrainingJob")
        self.store.insert(Key("training-job", request["TrainingJobName"], ACCOUNT, "us-east-1"), self.record)
        return {"TrainingJobArn": "arn:trial"}

    def stop_training_job(self, **request):
        raise ClientError({"Error": {"Code": self.error, "Message": "refused"}}, "StopTrainingJob")

    def spawn(self, name, function):
        function()


def events_of(plane, *, follow_metrics=False):
    key = Key("hyper-parameter-tuning-job", "tune", ACCOUNT, "us-east-1")
    trainer = TrainingJobs(plane, key, "arn:tune", read_definitions(REQUEST), [], follow_metrics, cpus=1)
    events = []
    trainer.start(new_trial(), events.append)
    return events


def test_a_training_job_that_is_refused_is_a_failed_trial():
    plane = FakePlane(error="AccessDeniedException")

    (event,) = events_of(plane)

    assert (event.status, event.failure_reason) == ("Failed", "AccessDeniedException: refused")
    assert plane.store.snapshot() == {}


def test_a_followed_job_reports_its_metrics_before_its_end():
    metrics = [{"MetricName": "validation:auc", "Value": value} for value in (0.5, 0.6)]
    plane = FakePlane({"TrainingJobStatus": "Completed", "_metrics": metrics})

    events = events_of(plane, follow_metrics=True)

    assert events[:2] == [MetricReported(1, 0.5), MetricReported(1, 0.6)]
    assert events[2].status == "Completed"


def test_a_job_knows_its_tuning_job_and_no_hint_stays_behind():
    plane = FakePlane({"TrainingJobStatus": "Completed"})

    events_of(plane)

    ((key, record),) = plane.store.snapshot().items()
    assert (key.kind, record["TuningJobArn"]) == ("training-job", "arn:tune")


def test_the_end_of_the_server_ends_the_search():
    reason = "InternalServerError: the local AWS was stopped while the job ran"
    events = events_of(FakePlane({"TrainingJobStatus": "Failed", "FailureReason": reason}))

    assert [type(event) for event in events] == [StopRequested, TrialEnded]


@pytest.mark.parametrize(("code", "raises"), [("ValidationException", False), ("AccessDeniedException", True)])
def test_stopping_a_job_that_has_just_ended_is_no_error(code, raises):
    key = Key("hyper-parameter-tuning-job", "tune", ACCOUNT, "us-east-1")
    trainer = TrainingJobs(FakePlane(error=code), key, "arn", read_definitions(REQUEST), [], follow_metrics=False)

    try:
        trainer.stop(new_trial())
        raised = False
    except ClientError:
        raised = True

    assert raised is raises
