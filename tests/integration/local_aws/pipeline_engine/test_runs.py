"""Pipelines of small processing scripts on a running local AWS."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.pipeline_engine.pipelines import ROLE, condition, fail, processing

WRITE = "open('/opt/ml/processing/output/{0}/{1}', 'w').write('''{2}''')"
READ = "print(open('/opt/ml/processing/input/{0}/{1}').read())"


def output(step: str, name: str) -> dict[str, str]:
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"}


def metric(path: str) -> dict[str, object]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": path}}


@pytest.fixture
def gated(create, bucket):
    """A pipeline that prepares, evaluates and decides: parameters Auc (what is measured) and MinAuc."""
    report = [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}]
    evaluate = (
        "import os; assert open('/opt/ml/processing/input/data/data.txt').read() == 'rows'; "
        "report = '{\"auc\": {\"value\": %s}}' % os.environ['AUC']; "
        "open('/opt/ml/processing/output/evaluation/evaluation.json', 'w').write(report)"
    )
    register = {
        "ModelPackageGroupName": bucket,
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"auc": {"Std:Join": {"On": "", "Values": [metric("auc.value")]}}},
        "InferenceSpecification": {
            "Containers": [{"Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    message = {"Std:Join": {"On": "", "Values": ["auc is below ", {"Get": "Parameters.MinAuc"}]}}
    at_least = {
        "Type": "GreaterThanOrEqualTo",
        "LeftValue": metric("auc.value"),
        "RightValue": {"Get": "Parameters.MinAuc"},
    }
    return create(
        processing("Prepare", WRITE.format("train", "data.txt", "rows"), outputs={"train": f"s3://{bucket}/train"}),
        processing(
            "Evaluate",
            evaluate,
            inputs={"data": output("Prepare", "train")},
            outputs={"evaluation": f"s3://{bucket}/evaluation"},
            environment={"AUC": {"Get": "Parameters.Auc"}},
            PropertyFiles=report,
        ),
        condition(
            "Gate",
            [at_least],
            [{"Name": "Register", "Type": "RegisterModel", "Arguments": register}],
            [fail("Refused", message)],
        ),
        Parameters=[
            {"Name": "Auc", "Type": "String", "DefaultValue": "0.75"},
            {"Name": "MinAuc", "Type": "Float", "DefaultValue": 0.7},
        ],
    )


def test_data_flows_and_the_gate_opens(gated, client, bucket):
    execution = gated.run()

    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    steps = gated.steps(execution["PipelineExecutionArn"])
    package = client("sagemaker").describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert package["CustomerMetadataProperties"] == {"auc": "0.75"}
    assert package["ModelPackageGroupName"] == bucket
    assert list(steps) == ["Prepare", "Evaluate", "Gate", "Register"]


def test_the_gate_closes_and_nothing_is_registered(gated, client, bucket):
    execution = gated.run({"MinAuc": "0.9"})

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed. [Refused] auc is below 0.9"
    groups = client("sagemaker").list_model_package_groups(NameContains=bucket)["ModelPackageGroupSummaryList"]
    assert groups == []


def test_the_parameters_of_an_execution_are_listed(gated, client):
    execution = gated.run({"MinAuc": "0.5"})

    arn = execution["PipelineExecutionArn"]
    listed = client("sagemaker").list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    assert listed["PipelineParameters"] == [{"Name": "Auc", "Value": "0.75"}, {"Name": "MinAuc", "Value": "0.5"}]


def test_a_script_that_raises_is_the_failure_reason(create):
    pipeline = create(processing("Boom", "raise ValueError('the column carrier is missing')"))

    execution = pipeline.run()

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "[Boom] AlgorithmError" in execution["FailureReason"]
    step = pipeline.steps(execution["PipelineExecutionArn"])["Boom"]
    assert step["StepStatus"] == "Failed"
    assert step["FailureReason"].startswith("AlgorithmError")


def test_a_killed_script_is_the_failure_reason(create):
    execution = create(processing("Killed", "import os; os.kill(os.getpid(), 9)")).run()

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "[Killed] " in execution["FailureReason"]


def test_a_missing_input_is_the_failure_reason(create, bucket):
    execution = create(processing("Read", "", inputs={"raw": f"s3://{bucket}/nothing/"})).run()

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert f"s3://{bucket}/nothing/" in execution["FailureReason"]


def test_a_missing_property_file_is_the_failure_reason(create, bucket):
    report = [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}]
    pipeline = create(
        processing("Evaluate", "", outputs={"evaluation": f"s3://{bucket}/evaluation"}, PropertyFiles=report),
        condition("Gate", [{"Type": "Equals", "LeftValue": metric("auc"), "RightValue": 1}], [], []),
    )

    reason = pipeline.run()["FailureReason"]

    assert f"[Gate] ClientError: Property file 's3://{bucket}/evaluation/evaluation.json' cannot be read" in reason


def overlap(steps, first, second):
    a, b = steps[first], steps[second]
    return a["StartTime"] < b["EndTime"] and b["StartTime"] < a["EndTime"]


@pytest.mark.parametrize("limit", [1, 2])
def test_branches_run_in_parallel_up_to_the_limit(create, limit):
    pipeline = create(processing("A", ""), processing("B", ""))

    execution = pipeline.run(ParallelismConfiguration={"MaxParallelExecutionSteps": limit})

    assert overlap(pipeline.steps(execution["PipelineExecutionArn"]), "A", "B") is (limit == 2)


def test_a_stop_ends_the_running_job(create, client):
    pipeline = create(processing("Long", "import time; time.sleep(600)"), processing("Next", "", DependsOn=["Long"]))
    arn = pipeline.start()
    job = pipeline.wait_for_job(arn, "Long")

    client("sagemaker").stop_pipeline_execution(PipelineExecutionArn=arn)
    execution = pipeline.wait(arn)

    assert execution["PipelineExecutionStatus"] == "Stopped"
    assert pipeline.statuses(arn) == {"Long": "Stopped"}
    assert client("sagemaker").describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] == "Stopped"


def test_a_retry_goes_on_from_the_failed_step(create, client, bucket):
    pipeline = create(
        processing("First", WRITE.format("o", "a.txt", "a"), outputs={"o": f"s3://{bucket}/o"}),
        processing(
            "Second", READ.format("late", "x.txt"), inputs={"late": f"s3://{bucket}/late/"}, DependsOn=["First"]
        ),
    )
    arn = pipeline.start()
    assert pipeline.wait(arn)["PipelineExecutionStatus"] == "Failed"
    before = pipeline.steps(arn)["First"]
    client("s3").put_object(Bucket=bucket, Key="late/x.txt", Body=b"x")

    client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=arn)
    execution = pipeline.wait(arn)

    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    assert "FailureReason" not in execution
    assert pipeline.steps(arn)["First"] == before


def test_a_selective_execution_uses_the_outputs_of_its_source(create, bucket):
    uri = {"Std:Join": {"On": "/", "Values": [f"s3://{bucket}", {"Get": "Execution.PipelineExecutionId"}]}}
    pipeline = create(
        processing("First", WRITE.format("o", "a.txt", "a"), outputs={"o": uri}),
        processing("Second", READ.format("o", "a.txt"), inputs={"o": output("First", "o")}),
        processing("Third", "", DependsOn=["Second"]),
    )
    source = pipeline.run()["PipelineExecutionArn"]

    execution = pipeline.run(
        SelectiveExecutionConfig={"SourcePipelineExecutionArn": source, "SelectedSteps": [{"StepName": "Second"}]}
    )

    steps = pipeline.steps(execution["PipelineExecutionArn"])
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert list(steps) == ["First", "Second"]
    assert steps["First"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}


def test_a_second_run_takes_everything_from_the_cache(create, bucket):
    cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
    uri = {"Std:Join": {"On": "/", "Values": [f"s3://{bucket}", {"Get": "Execution.PipelineExecutionId"}]}}
    pipeline = create(
        processing("First", WRITE.format("o", "a.txt", "a"), outputs={"o": uri}, **cached),
        processing("Second", READ.format("o", "a.txt"), inputs={"o": output("First", "o")}, **cached),
    )
    source = pipeline.run()["PipelineExecutionArn"]

    again = pipeline.run()["PipelineExecutionArn"]

    hits = {name: step["CacheHitResult"] for name, step in pipeline.steps(again).items()}
    assert hits == {name: {"SourcePipelineExecutionArn": source} for name in ("First", "Second")}


def test_a_trivial_step_costs_less_than_a_tenth_of_a_second_beside_its_job(create, client):
    pipeline = create(processing("A", ""))
    overheads = []
    for _ in range(4):
        began = time.perf_counter()
        arn = pipeline.start()
        pipeline.wait(arn)
        took = time.perf_counter() - began
        name = pipeline.wait_for_job(arn, "A")
        job = client("sagemaker").describe_processing_job(ProcessingJobName=name)
        overheads.append(took - (job["ProcessingEndTime"] - job["CreationTime"]).total_seconds())

    assert min(overheads) < 0.1


def test_a_definition_may_come_from_s3(client, bucket, unique):
    text = json.dumps({"Version": "2020-12-01", "Steps": [fail("F", "no")]})
    client("s3").put_object(Bucket=bucket, Key="definition.json", Body=text.encode())
    name = unique("pipeline")

    client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinitionS3Location={"Bucket": bucket, "ObjectKey": "definition.json"}, RoleArn=ROLE
    )

    assert client("sagemaker").describe_pipeline(PipelineName=name)["PipelineDefinition"] == text


def test_an_unknown_parameter_is_refused(gated):
    with pytest.raises(ClientError, match=r"Assigned parameters \[MinAUC\] are not defined") as refusal:
        gated.start({"MinAUC": "1"})

    assert refusal.value.response["Error"]["Code"] == "ValidationException"
