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


def test_a_script_that_raises_fails_the_job_with_its_words(jobs):
    job = jobs.wait(jobs.process("raise SystemExit('the table is empty')"))

    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: the table is empty, exit code: 1"


def test_the_message_file_is_the_exit_message(jobs):
    script = "open('/opt/ml/output/message','w').write('30 % bad rows'); raise SystemExit(3)"

    job = jobs.wait(jobs.process(script))

    assert job["ExitMessage"] == "30 % bad rows"
    assert job["FailureReason"] == "AlgorithmError: 30 % bad rows, exit code: 3"


def test_a_killed_container_hints_at_memory(jobs):
    job = jobs.wait(jobs.process("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))

    assert job["ProcessingJobStatus"] == "Failed"
    assert "memory" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 137")


def test_a_failed_job_uploads_nothing_at_its_end(jobs):
    script = "open('/opt/ml/processing/late/x','w').write('1'); raise SystemExit(1)"

    jobs.wait(jobs.process(script, outputs=[jobs.output("late")]))

    assert jobs.keys("out/") == []


def test_a_job_past_its_time_limit_is_stopped(jobs):
    name = jobs.process("import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})

    job = jobs.wait(name)

    assert job["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds of 1" in job["FailureReason"]


def test_a_missing_prefix_fails_in_the_words_of_sagemaker(jobs):
    job = jobs.wait(jobs.process("", [jobs.source("data", "nowhere/")]))

    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed: No S3 objects found under S3 URL")
    assert f"s3://{jobs.bucket}/nowhere/" in job["FailureReason"]


def test_stopping_ends_the_process(jobs, tmp_path):
    jobs.put("go", "")
    script = (
        f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write('x'); print('up', flush=True); time.sleep(60)"
    )
    name = jobs.process(script, outputs=[jobs.output("live", "Continuous")])

    while jobs.sagemaker.describe_processing_job(ProcessingJobName=name).get("ProcessingStartTime") is None:
        pass
    jobs.sagemaker.stop_processing_job(ProcessingJobName=name)
    job = jobs.wait(name)

    assert job["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(jobs.sagemaker.exceptions.ClientError, match="is in status Stopped"):
        jobs.sagemaker.stop_processing_job(ProcessingJobName=name)


def test_continuous_outputs_appear_while_the_job_runs(jobs):
    script = """
import pathlib, time
pathlib.Path('/opt/ml/processing/live/early.txt').write_text('1')
time.sleep(30)
"""
    name = jobs.process(script, outputs=[jobs.output("live", "Continuous")])

    jobs.until(lambda: jobs.keys("out/live/"))
    status = jobs.sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]
    jobs.sagemaker.stop_processing_job(ProcessingJobName=name)

    assert status == "InProgress"
    assert jobs.keys("out/live/") == ["out/live/early.txt"]
    jobs.wait(name)


def test_instances_share_the_objects_of_a_sharded_input(jobs):
    for number in range(5):
        jobs.put(f"in/{number}.txt", "x")
    script = """
import json, pathlib
host = json.loads(pathlib.Path('/opt/ml/config/resourceconfig.json').read_text())['current_host']
names = sorted(p.name for p in pathlib.Path('/opt/ml/processing/input/data').iterdir())
pathlib.Path(f'/opt/ml/processing/seen/{host}').write_text(' '.join(names))
"""
    source = jobs.source("data", "in/", S3DataDistributionType="ShardedByS3Key")

    job = jobs.wait(jobs.process(script, [source], [jobs.output("seen")], instances=2))

    assert job["ProcessingJobStatus"] == "Completed", job
    assert jobs.get("out/seen/algo-1") == "0.txt 2.txt 4.txt"
    assert jobs.get("out/seen/algo-2") == "1.txt 3.txt"


def test_a_manifest_names_the_objects(jobs):
    jobs.put("lake/a/1.txt", "one")
    jobs.put("lake/b/2.txt", "two")
    jobs.put("list.manifest", f'[{{"prefix": "s3://{jobs.bucket}/lake/"}}, "b/2.txt"]')
    script = """
import pathlib
root = pathlib.Path('/opt/ml/processing/input/data')
names = [p.relative_to(root).as_posix() for p in root.rglob('*') if p.is_file()]
pathlib.Path('/opt/ml/processing/seen/names').write_text(' '.join(names))
"""

    jobs.wait(
        jobs.process(script, [jobs.source("data", "list.manifest", S3DataType="ManifestFile")], [jobs.output("seen")])
    )

    assert jobs.get("out/seen/names") == "b/2.txt"


def test_network_isolation_hides_the_endpoint(jobs):
    script = """
import os, pathlib
pathlib.Path('/opt/ml/processing/seen/env').write_text(' '.join(n for n in os.environ if n.startswith('AWS_')))
"""
    network = {"EnableNetworkIsolation": True}

    jobs.wait(jobs.process(script, outputs=[jobs.output("seen")], NetworkConfig=network))

    assert set(jobs.get("out/seen/env").split()) == {"AWS_REGION", "AWS_DEFAULT_REGION"}


def test_logs_are_in_cloudwatch(jobs):
    name = jobs.process("print('first'); print('second', end='')")

    jobs.wait(name)

    assert jobs.log_lines("ProcessingJobs", name)[-2:] == ["first", "second"]


def test_a_name_is_taken_once(jobs):
    name = jobs.process("")

    with pytest.raises(jobs.sagemaker.exceptions.ResourceInUse, match="must be unique within an AWS account"):
        jobs.sagemaker.create_processing_job(**jobs.request(name))


def test_lists_filter_sort_and_page(jobs):
    prefix = jobs.unique("listed")
    names = [jobs.process("", name=f"{prefix}-{letter}") for letter in "bca"]
    asked = {"NameContains": prefix, "SortBy": "Name", "SortOrder": "Descending", "MaxResults": 2}

    first = jobs.sagemaker.list_processing_jobs(**asked)
    second = jobs.sagemaker.list_processing_jobs(**asked, NextToken=first["NextToken"])

    found = [job["ProcessingJobName"] for page in (first, second) for job in page["ProcessingJobSummaries"]]
    assert found == sorted(names, reverse=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"S3InputMode": "Pipe"}, "input mode Pipe"),
        ({"S3CompressionType": "Gzip"}, "compression Gzip"),
        ({"LocalPath": "/data"}, "must be a folder below /opt/ml/processing/"),
        ({"S3Uri": "data/here"}, "s3Input.s3Uri"),
    ],
)
def test_what_is_not_simulated_is_refused_at_once(jobs, change, message):
    source = jobs.source("data", "in/")
    source["S3Input"].update(change)

    with pytest.raises(jobs.sagemaker.exceptions.ClientError, match=message):
        jobs.process("", [source])
