"""What a training job logs as metrics is in CloudWatch, where SageMaker's analytics read it."""

import datetime as dt

from tests.integration.local_aws.job_driver import JobDriver


def test_the_metrics_of_a_training_job_are_published(client, bucket, unique):
    jobs = JobDriver(client, bucket, unique)
    definitions = [{"Name": "score", "Regex": "score=([0-9.]+)"}]
    name = jobs.train("print('score=1.5')\nprint('score=2.5')", algorithm={"MetricDefinitions": definitions})
    job = jobs.wait(name, "Training")

    points = client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs", MetricName="score", Period=60, Statistics=["Maximum", "SampleCount"],
        Dimensions=[{"Name": "TrainingJobName", "Value": name}], StartTime=job["TrainingStartTime"],
        EndTime=job["TrainingEndTime"] + dt.timedelta(minutes=1),
    )["Datapoints"]  # fmt: skip

    assert max(point["Maximum"] for point in points) == 2.5
    assert sum(point["SampleCount"] for point in points) == 2
