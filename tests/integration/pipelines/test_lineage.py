"""Lineage of a package that a pipeline of the local AWS registered."""

import json

import pytest

from pipelines import targets
from pipelines.__main__ import main
from tests.integration.local_aws.job_driver import JobDriver

GROUP = "flight-delay"
WRITE = "open('/opt/ml/processing/result/model.tar.gz', 'w').write('a model')"


@pytest.fixture
def cli(local_aws, monkeypatch, capsys):
    monkeypatch.setattr(targets, "_start_local_aws", lambda _platform: local_aws.environment)
    monkeypatch.setenv("PLATFORM", "sandbox")

    def run(*arguments):
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    assert run("resources")[0] == 0
    return run


@pytest.fixture
def registered(cli, client, bucket, unique):
    """A package, and the execution whose job wrote its archive."""
    jobs, sagemaker, name = JobDriver(client, bucket, unique), client("sagemaker"), unique("lineage")
    jobs.put(f"{name}/code/script.py", WRITE)
    jobs.put("raw/flights", "rows")
    job = jobs.request(name, [jobs.source("raw", "raw/")], [jobs.output("result")])
    job.pop("ProcessingJobName")
    url = f"s3://{bucket}/out/result/model.tar.gz"
    register = {
        "ModelPackageGroupName": GROUP,
        "InferenceSpecification": {
            "Containers": [{"Image": job["AppSpecification"]["ImageUri"], "ModelDataUrl": url}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "CustomerMetadataProperties": {
            "git_commit": "1234567",
            "data_version": "f404",
            "retraining_reason": "alarm model-quality",
            "pipeline_execution_arn": {"Get": "Execution.PipelineExecutionArn"},
        },
    }
    definition = {
        "Version": "2020-12-01",
        "Parameters": [],
        "Steps": [
            {"Name": "Fit", "Type": "Processing", "Arguments": job},
            {"Name": "Register", "Type": "RegisterModel", "Arguments": register, "DependsOn": ["Fit"]},
        ],
    }
    sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps(definition),
        RoleArn=job["RoleArn"],
        ClientRequestToken="t" * 32,
    )
    execution = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]

    def is_over():
        state = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        return state["PipelineExecutionStatus"] == "Succeeded"

    jobs.until(is_over)
    (package,) = [
        item["ModelPackageArn"]
        for item in sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
        if sagemaker.describe_model_package(ModelPackageName=item["ModelPackageArn"])["CustomerMetadataProperties"].get(
            "pipeline_execution_arn"
        )
        == execution
    ]
    return package, execution


def test_one_command_leads_from_data_and_commit_to_the_package_and_an_unknown_one_is_an_error(cli, registered, bucket):
    package, execution = registered

    code, printed, errors = cli("lineage", package, "--json")

    found = json.loads(printed)
    fit, register = found["steps"]
    assert (code, errors) == (0, "")
    assert found["execution"]["arn"] == execution
    assert found["source"] == {
        "data_version": "f404", "raw_data_uri": f"s3://{bucket}/raw/", "git_commit": "1234567",
    }  # fmt: skip
    assert fit["outputs"] == {"result": f"s3://{bucket}/out/result"}
    assert (fit["contributed"], register["arn"]) == (True, package)
    assert found["model_package"]["retraining_reason"] == "alarm model-quality"
    assert found["not_found"] == [
        "releases, verdicts and monitoring: the stack FlightDelay-sandbox-Release is not deployed here"
    ]

    version = package.rpartition("/")[2]
    code, printed, _ = cli("lineage", version)

    assert code == 0
    assert printed.startswith(f"{GROUP} version {version}\n├─ source\n")
    assert "retraining reason alarm model-quality" in printed

    code, printed, errors = cli("lineage", "999999")

    assert (code, printed) == (2, "")
    assert "has no model package 999999" in errors
    assert version in errors.partition("hint: versions: ")[2]
