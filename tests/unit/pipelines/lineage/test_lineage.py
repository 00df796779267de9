"""Whatever is gone or forbidden, the rest of the lineage is told."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from pipelines.lineage.document import lineage_document
from pipelines.lineage.text import render_tree

GROUP = "arn:aws:sagemaker:us-east-1:123456789012:model-package/flight-delay"
EXECUTION = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/flight-delay-training/execution/abc"
JOB = "arn:aws:sagemaker:us-east-1:123456789012:processing-job/prepare-1"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:release"
DIGEST = "cd" * 32
OBJECTS = {
    "experiments/release-v2/verdicts/10/verdict.json": {"look": 11, "verdict": "promote", "reason": "better"},
    "experiments/release-v2/verdicts/9/verdict.json": {"look": 10, "verdict": "continue", "reason": "not yet"},
    "monitoring/e/champion/2025/12/31/report.json": {},
    "monitoring/e/champion/2026/01/02/report.json": {
        "window": {"day": "2026-01-02"},
        "model_version": "2",
        "violations": 1,
        "monitors": {"bias": {"status": "CompletedWithViolations"}},
    },
    "monitoring/e/champion/2026/01/03/state/state.json": {},
    "monitoring/e/champion/state.json": {},
}


def refused(operation):
    return ClientError({"Error": {"Code": "AccessDenied", "Message": f"not authorized: {operation}"}}, operation)


class Aws:
    """Answers Describe and List calls from plain records; what is in `gone` is refused."""

    def __init__(self, gone=()):
        self.gone = set(gone)
        self.answers = {
            "describe_model_package": {
                "ModelPackageArn": f"{GROUP}/2",
                "ModelPackageGroupName": "flight-delay",
                "ModelPackageVersion": 2,
                "ModelApprovalStatus": "Approved",
                "InferenceSpecification": {"Containers": [{"Image": "xgboost", "ModelDataUrl": "s3://a/m.tar.gz"}]},
                "DriftCheckBaselines": {"ModelDataQuality": {"Statistics": {"S3Uri": "s3://c/baseline/s.json"}}},
                "CustomerMetadataProperties": {
                    "pipeline_execution_arn": EXECUTION,
                    "retraining_reason": "alarm model-quality",
                    "data_version": "f404",
                    "git_commit": "1234567",
                    "auc": "0.76",
                },
            },
            "describe_pipeline_execution": {"PipelineExecutionStatus": "Succeeded"},
            "list_pipeline_parameters_for_execution": [{"Name": "RawDataUri", "Value": "s3://raw/flights"}],
            "list_pipeline_execution_steps": [
                {"StepName": "Prepare", "StepStatus": "Succeeded", "Metadata": {"ProcessingJob": {"Arn": JOB}}},
                {"StepName": "Gate", "StepStatus": "Succeeded", "Metadata": {"Condition": {"Outcome": "True"}}},
            ],
            "describe_processing_job": {
                "AppSpecification": {"ImageUri": "xgboost"},
                "ProcessingInputs": [
                    {"InputName": "code", "S3Input": {"S3Uri": f"s3://a/code/{DIGEST}/processing.pyz"}},
                    {"InputName": "raw", "S3Input": {"S3Uri": "s3://raw/flights"}},
                ],
                "ProcessingOutputConfig": {
                    "Outputs": [{"OutputName": "baseline", "S3Output": {"S3Uri": "s3://c/baseline"}}]
                },
            },
            "describe_stacks": {
                "Stacks": [
                    {
                        "Outputs": [
                            {
                                "OutputKey": "Release",
                                "OutputValue": json.dumps({"release_machine": MACHINE, "capture_bucket": "capture"}),
                            }
                        ]
                    }
                ]
            },
            "list_executions": [{"executionArn": f"{MACHINE}:x"}],
            "describe_execution": {
                "status": "SUCCEEDED",
                "input": json.dumps({"package_arn": f"{GROUP}/2"}),
                "output": json.dumps({"outcome": "promoted", "reason": "better"}),
            },
            "list_endpoints": [{"EndpointName": "e"}, {"EndpointName": "other"}],
            "describe_endpoint": {
                "EndpointStatus": "InService",
                "EndpointConfigName": "config",
                "ProductionVariants": [{"VariantName": "champion", "CurrentWeight": 1.0, "CurrentInstanceCount": 2}],
            },
            "describe_endpoint_config": {"ProductionVariants": [{"VariantName": "champion", "ModelName": "model-v2"}]},
            "describe_model": {"Containers": [{"ModelPackageName": f"{GROUP}/2"}]},
            "list_transform_jobs": {"TransformJobSummaries": [{"TransformJobName": "score-1"}]},
            "describe_transform_job": {
                "ModelName": "model-v2",
                "TransformJobStatus": "Completed",
                "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://c/schedule"}}},
                "TransformOutput": {"S3OutputPath": "s3://c/predictions"},
            },
        }

    def __getattr__(self, operation):
        def call(**given):
            if operation in self.gone:
                raise refused(operation)
            if operation == "describe_endpoint" and given["EndpointName"] == "other":
                return {"EndpointConfigName": "other", "EndpointStatus": "InService"}
            if operation == "describe_endpoint_config" and given["EndpointConfigName"] == "other":
                return {"ProductionVariants": [{"VariantName": "v", "ModelName": None}]}
            return self.answers[operation]

        return call

    def get_object(self, Bucket, Key):
        if "get_object" in self.gone:
            raise refused("GetObject")
        return {"Body": SimpleNamespace(read=lambda: json.dumps(OBJECTS[Key]).encode())}

    def get_paginator(self, operation):
        def paginate(**given):
            if operation in self.gone:
                raise refused(operation)
            if operation == "list_objects_v2":
                return [listing(given["Prefix"], given.get("Delimiter"))]
            member = {
                "list_pipeline_parameters_for_execution": "PipelineParameters",
                "list_pipeline_execution_steps": "PipelineExecutionSteps",
                "list_executions": "executions",
                "list_endpoints": "Endpoints",
            }[operation]
            return [{member: self.answers[operation]}]

        return SimpleNamespace(paginate=paginate)


def listing(prefix, delimiter):
    keys = [key for key in OBJECTS if key.startswith(prefix)]
    if not delimiter:
        return {"Contents": [{"Key": key} for key in keys]}
    rest = (key.removeprefix(prefix) for key in keys)
    return {"CommonPrefixes": [{"Prefix": f"{prefix}{name}/"} for name in {r.split("/")[0] for r in rest if "/" in r}]}


def lineage(*gone):
    aws = Aws(gone)
    return lineage_document(SimpleNamespace(client=lambda _: aws), f"{GROUP}/2", "sandbox")


def test_one_document_leads_from_raw_data_to_the_endpoint():
    found = lineage()

    assert found["source"] == {
        "data_version": "f404", "raw_data_uri": "s3://raw/flights", "git_commit": "1234567",
    }  # fmt: skip
    assert found["model_package"]["retraining_reason"] == "alarm model-quality"
    assert [step["contributed"] for step in found["steps"]] == [True, False]
    assert found["steps"][0]["code"]["sha256"] == DIGEST
    assert [release["outcome"] for release in found["releases"]] == ["promoted"]
    assert [verdict["verdict"] for verdict in found["verdicts"]] == ["continue", "promote"]
    assert [endpoint["name"] for endpoint in found["endpoints"]] == ["e"]
    assert found["endpoints"][0]["variants"][0]["model"] == "model-v2"
    assert found["batch_scoring"][0]["output"] == "s3://c/predictions"
    assert found["not_found"] == []


def test_the_latest_report_is_of_the_last_day_that_has_one():
    (report,) = lineage()["monitoring"]

    assert report["report"] == "s3://capture/monitoring/e/champion/2026/01/02/report.json"
    assert report["monitors"] == {"bias": "CompletedWithViolations"}


@pytest.mark.parametrize(
    "gone",
    [
        "describe_pipeline_execution", "list_pipeline_execution_steps", "list_pipeline_parameters_for_execution",
        "describe_processing_job", "list_executions", "describe_execution", "list_endpoints", "describe_endpoint",
        "describe_endpoint_config", "describe_model", "list_transform_jobs", "describe_transform_job",
        "list_objects_v2", "get_object", "describe_stacks",
    ],
)  # fmt: skip
def test_what_is_refused_is_named_and_ends_nothing(gone):
    found = lineage(gone)

    assert any("not authorized" in text for text in found["not_found"])
    assert found["source"]["git_commit"] == "1234567"
    tree = render_tree(found)
    assert "not found" in tree
    assert "git commit 1234567" in tree


def test_an_answer_of_another_shape_is_named_and_ends_nothing(monkeypatch):
    monkeypatch.setitem(OBJECTS, "monitoring/e/champion/2026/01/02/report.json", ["no report"])

    found = lineage()

    assert any("is no JSON object" in text for text in found["not_found"])


def test_people_read_a_tree():
    tree = render_tree(lineage())

    assert tree.startswith("flight-delay version 2\n├─ source\n│  ├─ raw data version f404 (s3://raw/flights)\n")
    assert "└─ batch scoring\n   └─ score-1: Completed\n      ├─ reads s3://c/schedule\n" in tree
    assert "Gate" not in tree
    assert "None" not in tree.replace("registered None", "")
