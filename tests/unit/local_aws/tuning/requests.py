"""A tuning request that is in order; tests break or change one thing of it."""

import copy

ACCOUNT = "123456789012"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
OWN_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"
REQUEST = {
    "HyperParameterTuningJobName": "tune",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.01", "MaxValue": "0.5"}],
            "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "2", "MaxValue": "9"}],
        },
        "RandomSeed": 1,
    },
    "TrainingJobDefinition": {
        "StaticHyperParameters": {"num_round": "100"},
        "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/train"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://b/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    },
}


def tuning_request(**changes):
    """Return the request with values set by path, such as `TrainingJobDefinition.RoleArn`; None removes one."""
    request = copy.deepcopy(REQUEST)
    for path, value in changes.items():
        *parents, last = path.split(".")
        target = request
        for parent in parents:
            target = target.setdefault(parent, {})
        if value is None:
            del target[last]
        else:
            target[last] = value
    return request


def own_algorithm(metrics=("validation:auc",)):
    """Return the changes that make the request tune an image of one's own."""
    return {
        "TrainingJobDefinition.AlgorithmSpecification": {
            "TrainingImage": OWN_IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": name, "Regex": "auc=([0-9.]+)"} for name in metrics],
        }
    }
