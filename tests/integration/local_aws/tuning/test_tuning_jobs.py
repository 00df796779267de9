"""Tuning jobs through boto3, with real training jobs."""

import io
import random
import tarfile

import pytest
from botocore.exceptions import ClientError

from local_aws.store import Key
from tests.integration.local_aws.job_driver import IMAGE, ROLE, JobDriver

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
ETA = {"Name": "eta", "MinValue": "0.01", "MaxValue": "0.5", "ScalingType": "Logarithmic"}
DEPTH = {"Name": "max_depth", "MinValue": "1", "MaxValue": "4"}
RANGES = {"ContinuousParameterRanges": [ETA], "IntegerParameterRanges": [DEPTH]}
ENDED = {"Completed", "Failed", "Stopped"}


class TuningDriver(JobDriver):
    """Starts tuning jobs of the built-in XGBoost algorithm on a small table."""

    def __init__(self, local_aws, client, bucket, unique):
        super().__init__(client, bucket, unique)
        self.plane = local_aws.plane
        source = random.Random(1)
        for channel in ("train", "validation"):
            points = [(source.random(), source.random()) for _ in range(200)]
            rows = [f"{int(a + b + source.gauss(0, 0.3) > 1)},{a:.4f},{b:.4f}" for a, b in points]
            self.put(f"{channel}/data.csv", "\n".join(rows))

    def tune(self, *, trials=4, parallel=2, ranges=RANGES, definition=None, config=None, rounds=5, **fields):
        name = self.unique("tune")
        static = {"num_round": str(rounds), "objective": "binary:logistic"}
        channels = [{**self.channel(c, f"{c}/"), "ContentType": "text/csv"} for c in ("train", "validation")]
        self.sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig={
                "Strategy": "Bayesian",
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": parallel},
                "ParameterRanges": ranges,
                "RandomSeed": 5,
                **(config or {}),
            },
            TrainingJobDefinition={
                "StaticHyperParameters": static,
                "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
                "RoleArn": ROLE,
                "InputDataConfig": channels,
                "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 120},
                **(definition or {}),
            },
            **fields,
        )
        return name

    def script(self, text):
        """Return a definition that runs a script on the scikit-learn image, which measures `score=…;`."""
        archive, code = io.BytesIO(), text.encode()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            info = tarfile.TarInfo("train.py")
            info.size = len(code)
            tar.addfile(info, io.BytesIO(code))
        key = f"{self.unique('code')}/sourcedir.tar.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=archive.getvalue())
        return {
            "StaticHyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": f"s3://{self.bucket}/{key}",
            },
            "Environment": {"PIP_NO_BUILD_ISOLATION": "0"},
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.]+);"}],
            },
            "InputDataConfig": [self.channel("train", "train/")],
        }

    def await_end(self, name):
        self.plane.store.wait(self.key(name), lambda job: job["HyperParameterTuningJobStatus"] in ENDED, 60)
        return self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)

    def await_trials(self, name, count):
        record = self.plane.store.wait(self.key(name), lambda job: len(job["TrainingJobSummaries"]) >= count, 60)
        return [summary["TrainingJobName"] for summary in record["TrainingJobSummaries"]]

    def trials(self, name, **request):
        listed = self.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name, MaxResults=100, **request
        )
        return listed["TrainingJobSummaries"]

    @staticmethod
    def key(name, kind="hyper-parameter-tuning-job"):
        return Key(kind, name, "123456789012", "us-east-1")


@pytest.fixture
def tuning(local_aws, client, bucket, unique):
    return TuningDriver(local_aws, client, bucket, unique)


def objective(summary):
    return summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def test_a_tuning_job_trains_counts_and_finds_the_best(tuning):
    name = tuning.tune(Tags=[{"Key": "team", "Value": "ml"}])
    job = tuning.await_end(name)

    ranked = tuning.trials(name, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Completed"] == 4
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    assert [objective(t) for t in ranked] == sorted((objective(t) for t in ranked), reverse=True)
    assert job["BestTrainingJob"] == ranked[0]
    assert job["HyperParameterTuningEndTime"] >= job["CreationTime"]


def test_its_training_jobs_are_ordinary_ones_that_name_it(tuning):
    name = tuning.tune(trials=1, parallel=1)
    arn = tuning.await_end(name)["HyperParameterTuningJobArn"]

    trial = tuning.trials(name)[0]
    child = tuning.sagemaker.describe_training_job(TrainingJobName=trial["TrainingJobName"])

    assert child["TrainingJobName"].startswith(f"{name}-001-")
    assert child["TuningJobArn"] == arn
    assert child["HyperParameters"] == {
        "num_round": "5",
        "objective": "binary:logistic",
        "_tuning_objective_metric": "validation:auc",
        **trial["TunedHyperParameters"],
    }
    assert child["ModelArtifacts"]["S3ModelArtifacts"].endswith(f"{trial['TrainingJobName']}/output/model.tar.gz")


def test_the_same_seed_proposes_the_same_trials_in_parallel(tuning):
    names = [tuning.tune(trials=6), tuning.tune(trials=6)]
    for name in names:
        tuning.await_end(name)

    first, second = ([t["TunedHyperParameters"] for t in tuning.trials(name, SortBy="Name")] for name in names)

    assert first == second


def test_a_stop_leaves_no_training_job_running(tuning, local_aws):
    name = tuning.tune(trials=8, rounds=1_000_000)
    children = tuning.await_trials(name, 2)

    tuning.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = tuning.await_end(name)

    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == len(tuning.trials(name)) == 2
    statuses = {tuning.sagemaker.describe_training_job(TrainingJobName=c)["TrainingJobStatus"] for c in children}
    assert statuses == {"Stopped"}


SCORE = {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"}}
CATEGORIES = {"CategoricalParameterRanges": [{"Name": "level", "Values": ["1", "2", "3", "4"]}]}


def test_a_script_without_the_metric_fails_the_search_as_sagemaker_words_it(tuning):
    name = tuning.tune(
        trials=1, parallel=1, ranges=CATEGORIES, config=SCORE, definition=tuning.script("print('nothing to see')")
    )
    job = tuning.await_end(name)

    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("No objective metrics found after running 1 training jobs.")
    assert tuning.trials(name)[0]["ObjectiveStatus"] == "Failed"


def test_hyperband_stops_trials_and_keeps_their_best_score(tuning):
    endless = """
import argparse, time
parser = argparse.ArgumentParser(); parser.add_argument('--level'); level = parser.parse_known_args()[0].level
while True:
    print(f'score={level};', flush=True); time.sleep(0.02)
"""
    strategy = {
        "Strategy": "Hyperband",
        "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 3}},
    }
    name = tuning.tune(trials=3, ranges=CATEGORIES, config={**SCORE, **strategy}, definition=tuning.script(endless))
    job = tuning.await_end(name)

    trials = tuning.trials(name)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert {t["TrainingJobStatus"] for t in trials} == {"Stopped"}
    assert [objective(t) for t in trials] == [float(t["TunedHyperParameters"]["level"]) for t in trials]


def test_warm_start_remembers_the_parents_best(tuning):
    parent = tuning.tune(trials=2)
    best = tuning.await_end(parent)["BestTrainingJob"]
    warm = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": parent}],
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }

    child = tuning.await_end(tuning.tune(trials=1, parallel=1, WarmStartConfig=warm))

    assert objective(child["OverallBestTrainingJob"]) == max(objective(best), objective(child["BestTrainingJob"]))


def test_names_are_unique_and_deletion_waits_for_the_end(tuning):
    name = tuning.tune(trials=1, parallel=1)
    with pytest.raises(ClientError, match="Stop it before"):
        tuning.sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    tuning.await_end(name)

    tuning.sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)

    with pytest.raises(tuning.sagemaker.exceptions.ResourceNotFound):
        tuning.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def test_tuning_jobs_are_listed_with_their_counters(tuning):
    name = tuning.tune(trials=1, parallel=1)
    tuning.await_end(name)

    listed = tuning.sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name, StatusEquals="Completed")

    (summary,) = listed["HyperParameterTuningJobSummaries"]
    assert summary["Strategy"] == "Bayesian"
    assert summary["TrainingJobStatusCounters"]["Completed"] == 1
    assert summary["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}


def test_a_free_slot_gets_its_next_trial_at_once(tuning):
    name = tuning.tune(trials=6)
    tuning.await_end(name)

    trials = tuning.trials(name, SortBy="Name")
    ends = sorted(trial["TrainingEndTime"] for trial in trials)
    gaps = [trial["CreationTime"] - end for trial, end in zip(trials[2:], ends, strict=False)]

    assert sorted(gaps)[len(gaps) // 2].total_seconds() < 0.1
