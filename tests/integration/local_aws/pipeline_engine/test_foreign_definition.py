"""A definition in the form that SDK v2 (2.257) emits: train, tune, evaluate, decide, register, create, transform."""

import csv
import io
import random

import pytest

from tests.integration.local_aws.pipeline_engine.pipelines import ROLE, condition, fail

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
HYPERPARAMETERS = {"objective": "binary:logistic", "eval_metric": "auc", "num_round": "5", "max_depth": "2"}
EVALUATE = """
import json
import tarfile

with tarfile.open("/opt/ml/processing/input/model/model.tar.gz") as model:
    assert model.getnames()
report = {"binary_classification_metrics": {"auc": {"value": 0.9}}}
with open("/opt/ml/processing/evaluation/evaluation.json", "w") as file:
    json.dump(report, file)
"""


def rows(count):
    """Label first, then two features of which one tells."""
    random.seed(1)
    text = io.StringIO()
    writer = csv.writer(text)
    for _ in range(count):
        x = random.random()
        writer.writerow([int(x + random.random() / 5 > 0.6), round(x, 3), round(random.random(), 3)])
    return text.getvalue().encode()


def channel(name, uri):
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "ChannelName": name}


def training(bucket):
    return {
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": XGBOOST},
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "ResourceConfig": {
            "VolumeSizeInGB": 30,
            "InstanceCount": {"Get": "Parameters.InstanceCount"},
            "InstanceType": "ml.m5.large",
        },
        "RoleArn": ROLE,
        "InputDataConfig": [channel(name, f"s3://{bucket}/data/{name}") for name in ("train", "validation")],
    }


def tuning(bucket):
    static = {key: value for key, value in HYPERPARAMETERS.items() if key != "max_depth"}
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "TrainingJobEarlyStoppingType": "Off",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
            "ParameterRanges": {
                "ContinuousParameterRanges": [],
                "CategoricalParameterRanges": [],
                "IntegerParameterRanges": [
                    {"Name": "max_depth", "MinValue": "1", "MaxValue": "3", "ScalingType": "Auto"}
                ],
            },
        },
        "TrainingJobDefinition": {**training(bucket), "StaticHyperParameters": static},
    }


def evaluate(bucket, model):
    def source(name, uri):
        path = f"/opt/ml/processing/input/{name}"
        part = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
        return {"InputName": name, "AppManaged": False, "S3Input": part | {"S3CompressionType": "None"}}

    target = {"S3Uri": f"s3://{bucket}/evaluation", "LocalPath": "/opt/ml/processing/evaluation"}
    output = {"OutputName": "evaluation", "AppManaged": False, "S3Output": target | {"S3UploadMode": "EndOfJob"}}
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    return {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {
            "ImageUri": XGBOOST,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/evaluate.py"],
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [source("model", model), source("code", f"s3://{bucket}/code/evaluate.py")],
        "ProcessingOutputConfig": {"Outputs": [output]},
    }


def steps(bucket):
    artifacts = {"Get": "Steps.TrainModel.ModelArtifacts.S3ModelArtifacts"}
    best = ["s3:/", f"{bucket}/models", {"Get": "Steps.TuneModel.TrainingJobSummaries[0].TrainingJobName"}]
    report = [{"PropertyFileName": "EvaluationReport", "OutputName": "evaluation", "FilePath": "evaluation.json"}]
    auc = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.EvaluateModel.PropertyFiles.EvaluationReport"},
            "Path": "binary_classification_metrics.auc.value",
        }
    }
    container = {"Image": XGBOOST, "ModelDataUrl": {"Std:Join": {"On": "/", "Values": [*best, "output/model.tar.gz"]}}}
    register = {
        "ModelPackageGroupName": bucket,
        "ModelApprovalStatus": {"Get": "Parameters.ModelApprovalStatus"},
        "InferenceSpecification": {
            "Containers": [container | {"Environment": {}}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.t2.medium"],
            "SupportedTransformInstanceTypes": ["ml.m5.large"],
        },
        "SkipModelValidation": "None",
    }
    train = {
        **training(bucket),
        "HyperParameters": HYPERPARAMETERS,
        "DebugHookConfig": {"S3OutputPath": f"s3://{bucket}/d", "CollectionConfigurations": []},
        "ProfilerConfig": {"S3OutputPath": f"s3://{bucket}/p", "DisableProfiler": True},
    }
    return [
        {"Name": "TrainModel", "Type": "Training", "Arguments": train},
        {"Name": "TuneModel", "Type": "Tuning", "Arguments": tuning(bucket)},
        {
            "Name": "EvaluateModel",
            "Type": "Processing",
            "Arguments": evaluate(bucket, artifacts),
            "PropertyFiles": report,
        },
        condition(
            "AucCheck",
            [{"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": 0.8}],
            [
                {"Name": "Register-RegisterModel", "Type": "RegisterModel", "Arguments": register},
                {
                    "Name": "Create-CreateModel",
                    "Type": "Model",
                    "Arguments": {
                        "ExecutionRoleArn": ROLE,
                        "PrimaryContainer": {"Image": XGBOOST, "Environment": {}, "ModelDataUrl": artifacts},
                    },
                },
            ],
            [fail("TooLow", {"Std:Join": {"On": " ", "Values": ["auc", auc]}})],
        ),
    ]


def transform(bucket):
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/batch"}}
    arguments = {
        "ModelName": {"Get": "Steps.Create-CreateModel.ModelName"},
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/scores"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
    }
    return {"Name": "Transform", "Type": "Transform", "Arguments": arguments}


@pytest.fixture
def data(client, bucket):
    for name in ("train", "validation"):
        client("s3").put_object(Bucket=bucket, Key=f"data/{name}/rows.csv", Body=rows(200))
    client("s3").put_object(Bucket=bucket, Key="code/evaluate.py", Body=EVALUATE.encode())
    client("s3").put_object(Bucket=bucket, Key="batch/rows.csv", Body=b"0.9,0.1\n0.1,0.9\n")
    return bucket


def test_a_definition_of_sdk_v2_runs(create, client, data):
    pipeline = create(
        *steps(data),
        transform(data),
        Parameters=[
            {"Name": "InstanceCount", "Type": "Integer", "DefaultValue": 1},
            {"Name": "ModelApprovalStatus", "Type": "String", "DefaultValue": "PendingManualApproval"},
        ],
        PipelineExperimentConfig={
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
    )

    execution = pipeline.run()

    arn = execution["PipelineExecutionArn"]
    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    assert execution["PipelineExperimentConfig"] == {
        "ExperimentName": pipeline.name,
        "TrialName": arn.rpartition("/")[2],
    }
    metadata = {name: step["Metadata"] for name, step in pipeline.steps(arn).items()}
    tuned = metadata["TuneModel"]["TuningJob"]["Arn"].rpartition("/")[2]
    best = client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuned)["BestTrainingJob"]
    package = client("sagemaker").describe_model_package(
        ModelPackageName=metadata["Register-RegisterModel"]["RegisterModel"]["Arn"]
    )
    url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert url == f"s3://{data}/models/{best['TrainingJobName']}/output/model.tar.gz"
    assert client("s3").head_object(Bucket=data, Key=url.removeprefix(f"s3://{data}/"))["ContentLength"] > 0
    assert client("s3").get_object(Bucket=data, Key="scores/rows.csv.out")["Body"].read().count(b"\n") >= 1
