"""A stranger's boto3 program: nothing of this project but AWS_ENDPOINT_URL. Prints one JSON line of results."""

import io
import json
import pathlib
import tarfile
import time

import boto3
import numpy as np

HERE = pathlib.Path(__file__).parent
ROLE = "arn:aws:iam::123456789012:role/stranger"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
BUCKET = "strangers-bucket"
CLUSTER = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}}

s3 = boto3.client("s3")
sagemaker = boto3.client("sagemaker")


def upload() -> None:
    s3.create_bucket(Bucket=BUCKET)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1500, 4))
    y = (x[:, 0] - x[:, 1] + rng.normal(scale=0.7, size=1500) > 0).astype(int)
    lines = [
        "label,a,b,c,d",
        *(",".join([str(label), *(f"{v:.5f}" for v in row)]) for label, row in zip(y, x, strict=True)),
    ]
    s3.put_object(Bucket=BUCKET, Key="raw/measurements.csv", Body="\n".join(lines).encode())
    for script in ("prepare.py", "evaluate.py"):
        s3.upload_file(str(HERE / script), BUCKET, f"code/{script}")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(HERE / "script_mode.py", "script_mode.py")
    s3.put_object(Bucket=BUCKET, Key="code/sourcedir.tar.gz", Body=buffer.getvalue())


def s3_input(name: str, uri: object, path: str) -> dict:
    source = {
        "S3Uri": uri,
        "LocalPath": path,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def s3_output(name: str) -> dict:
    target = {
        "S3Uri": f"s3://{BUCKET}/out/{name}",
        "LocalPath": f"/opt/ml/processing/{name}",
        "S3UploadMode": "EndOfJob",
    }
    return {"OutputName": name, "AppManaged": False, "S3Output": target}


def processing(script: str, image: str, inputs: list, outputs: list[str]) -> dict:
    return {
        "ProcessingResources": CLUSTER,
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python3", f"/opt/ml/processing/input/code/{script}"],
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [
            *inputs,
            s3_input("code", f"s3://{BUCKET}/code/{script}", "/opt/ml/processing/input/code"),
        ],
        "ProcessingOutputConfig": {"Outputs": [s3_output(name) for name in outputs]},
    }


def channel(name: str, uri: object) -> dict:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}


def prepared(name: str) -> dict:
    return {"Get": f"Steps.Prepare.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"}


def training(**more: object) -> dict:
    return {
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": XGBOOST},
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "ResourceConfig": {"VolumeSizeInGB": 10, "InstanceCount": 1, "InstanceType": "ml.m5.large"},
        "RoleArn": ROLE,
        "InputDataConfig": [channel(name, prepared(name)) for name in ("train", "validation")],
        **more,
    }


def definition() -> dict:
    fixed = {"objective": "binary:logistic", "eval_metric": "auc", "num_round": "15"}
    tuning_config = {
        "Strategy": "Bayesian",
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2},
        "TrainingJobEarlyStoppingType": "Off",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
        "ParameterRanges": {
            "ContinuousParameterRanges": [
                {"Name": "eta", "MinValue": "0.05", "MaxValue": "0.5", "ScalingType": "Logarithmic"}
            ],
            "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "2", "MaxValue": "6", "ScalingType": "Auto"}],
            "CategoricalParameterRanges": [],
        },
        "RandomSeed": 5,
    }
    best = {
        "Std:Join": {
            "On": "/",
            "Values": [
                "s3:/",
                BUCKET,
                "models",
                {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"},
                "output/model.tar.gz",
            ],
        }
    }
    auc = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
            "Path": "binary_classification_metrics.auc.value",
        }
    }
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "strangers",
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [{"Image": XGBOOST, "ModelDataUrl": best}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
                "SupportedTransformInstanceTypes": ["ml.m5.large"],
            },
        },
    }
    fail = {
        "Name": "TooWeak",
        "Type": "Fail",
        "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["AUC", auc, "is too low"]}}},
    }
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [
                {"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": {"Get": "Parameters.MinAuc"}}
            ],
            "IfSteps": [register],
            "ElseSteps": [fail],
        },
    }
    raw = s3_input("raw", {"Get": "Parameters.RawUri"}, "/opt/ml/processing/input")
    evaluate = processing(
        "evaluate.py",
        XGBOOST,
        [
            s3_input("model", best, "/opt/ml/processing/model"),
            s3_input("test", prepared("test"), "/opt/ml/processing/test"),
        ],
        ["evaluation"],
    )
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": [
            {"Name": "RawUri", "Type": "String", "DefaultValue": f"s3://{BUCKET}/raw/"},
            {"Name": "MinAuc", "Type": "Float", "DefaultValue": 0.8},
        ],
        "PipelineExperimentConfig": {
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
        "Steps": [
            {
                "Name": "Prepare",
                "Type": "Processing",
                "Arguments": processing("prepare.py", SKLEARN, [raw], ["train", "validation", "test"]),
            },
            {"Name": "Train", "Type": "Training", "Arguments": training(HyperParameters=fixed)},
            {
                "Name": "Tune",
                "Type": "Tuning",
                "Arguments": {
                    "HyperParameterTuningJobConfig": tuning_config,
                    "TrainingJobDefinition": training(StaticHyperParameters=fixed),
                },
            },
            {
                "Name": "Evaluate",
                "Type": "Processing",
                "Arguments": evaluate,
                "PropertyFiles": [
                    {"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}
                ],
            },
            gate,
        ],
    }


def run_pipeline(parameters: list[dict]) -> dict:
    arn = sagemaker.start_pipeline_execution(PipelineName="strangers", PipelineParameters=parameters)[
        "PipelineExecutionArn"
    ]
    while (status := sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))[
        "PipelineExecutionStatus"
    ] == "Executing":
        time.sleep(0.2)
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return {
        "status": status["PipelineExecutionStatus"],
        "reason": status.get("FailureReason"),
        "steps": {step["StepName"]: step["StepStatus"] for step in steps},
        "reasons": {step["StepName"]: step.get("FailureReason") for step in steps},
    }


def run_plain_jobs() -> dict:
    """Create a processing job and a script-mode training job without a pipeline."""
    arguments = processing(
        "prepare.py", SKLEARN, [s3_input("raw", f"s3://{BUCKET}/raw/", "/opt/ml/processing/input")], ["train"]
    )
    for item in arguments["ProcessingInputs"] + arguments["ProcessingOutputConfig"]["Outputs"]:
        item.pop("AppManaged")
    arguments["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = f"s3://{BUCKET}/plain/train"
    sagemaker.create_processing_job(ProcessingJobName="plain-processing", **arguments)
    sagemaker.get_waiter("processing_job_completed_or_stopped").wait(
        ProcessingJobName="plain-processing", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    request = training(
        HyperParameters={
            "sagemaker_program": "script_mode.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/code/sourcedir.tar.gz",
            "max_depth": "3",
        }
    )
    request["InputDataConfig"] = [channel("train", f"s3://{BUCKET}/plain/train")]
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "rows", "Regex": "rows=([0-9]+);"}]
    sagemaker.create_training_job(TrainingJobName="plain-training", **request)
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="plain-training", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    job = sagemaker.describe_training_job(TrainingJobName="plain-training")
    return {
        "processing": sagemaker.describe_processing_job(ProcessingJobName="plain-processing")["ProcessingJobStatus"],
        "training": job["TrainingJobStatus"],
        "metrics": {m["MetricName"]: m["Value"] for m in job.get("FinalMetricDataList", [])},
        "reason": job.get("FailureReason"),
    }


def main() -> None:
    upload()
    sagemaker.create_pipeline(
        PipelineName="strangers",
        RoleArn=ROLE,
        PipelineDefinition=json.dumps(definition()),
        ClientRequestToken="a" * 32,
    )
    passed = run_pipeline([])
    failed = run_pipeline([{"Name": "MinAuc", "Value": "0.9999"}])
    packages = sagemaker.list_model_packages(ModelPackageGroupName="strangers")["ModelPackageSummaryList"]
    print(json.dumps({"passed": passed, "failed": failed, "packages": len(packages), "plain": run_plain_jobs()}))


if __name__ == "__main__":
    main()
