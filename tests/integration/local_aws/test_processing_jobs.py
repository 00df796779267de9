"""Processing jobs through boto3: what a client sees of jobs that succeed, fail, and are stopped."""

import pytest

from tests.integration.local_aws.job_driver import JobDriver


@pytest.fixture
def jobs(client, bucket, unique):
    return JobDriver(client, bucket, unique)


def test_inputs_and_outputs_go_through_s3(jobs):
    jobs.put("in/a.txt", "hello")
    script = "open('/opt/ml/processing/result/b.txt','w').write(open('/opt/ml/processing/input/data/a.txt').read()*2)"

    job = jobs.wait(jobs.process(script, [jobs.source("data", "in/")], [jobs.output("result")]))

    assert job["ProcessingJobStatus"] == "Completed", job
    assert jobs.get("out/result/b.txt") == "hellohello"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
