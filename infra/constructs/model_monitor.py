"""Watch the endpoint by Amazon SageMaker Model Monitor: the same four kinds, for accounts that have the service.

It is closed to new customers, knows no variants (all that the endpoint captured is one data set), and names the files
of one model version: after a promotion, `baselines` and `evaluation` are set anew (docs/how-to/monitor.md).
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Fn
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.policies import pull_image
from infra.settings import Stage

_ANALYZER, _CLARIFY = "sagemaker-model-monitor-analyzer", "sagemaker-clarify-processing"
# The SDK's image_uri_config/model-monitor.json and clarify.json.
_ACCOUNTS = {
    "us-east-1": ("156813124566", "205585389593"),
    "us-west-2": ("159807026194", "306415355426"),
    "eu-west-1": ("468650794304", "131013547314"),
    "eu-central-1": ("048819808253", "017069133835"),
}
_DAILY = "cron(0 1 ? * * *)"
_INPUT, _OUTPUT = "/opt/ml/processing/input/endpoint", "/opt/ml/processing/output"
_PROBABILITY, _MIDDLE = "predictions[0].probability", 0.5
_TYPES = {
    "data-quality": "DataQuality",
    "model-quality": "ModelQuality",
    "bias": "ModelBias",
    "attribution": "ModelExplainability",
}


class ModelMonitor(Construct):
    """A job definition and a schedule per kind. Definitions are immutable, so CloudFormation makes their names.

    Args:
        role: Of the jobs.
        bucket: Name of the capture zone's bucket.
        keys: `volume` and `output` → ARN of the key.
        network: `subnets` and `securityGroupIds` of the jobs.

    Attributes:
        schedules: Kind → ARN of its schedule.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        role: iam.IRole,
        bucket: str,
        keys: Mapping[str, str],
        network: Mapping[str, list[str]],
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._role, self._bucket, self._keys, self._network = stage, role, bucket, keys, network
        self._analyzer, self._clarify = _images(stage.region)
        makers = {
            "data-quality": self._data_quality,
            "model-quality": self._model_quality,
            "bias": self._bias,
            "attribution": self._attribution,
        }
        self.schedules = {kind: self._schedule(kind, makers[kind]()) for kind in stage.monitoring.kinds}

    def _data_quality(self) -> str:
        folder = _folder(self._stage.monitoring.baselines)
        return sagemaker.CfnDataQualityJobDefinition(
            self,
            "DataQuality",
            data_quality_app_specification={"imageUri": self._analyzer},
            data_quality_baseline_config={
                "constraintsResource": {"s3Uri": f"{folder}constraints.json"},
                "statisticsResource": {"s3Uri": f"{folder}statistics.json"},
            },
            data_quality_job_input={"endpointInput": self._endpoint()},
            data_quality_job_output_config=self._output("data-quality"),
            **self._job(),
        ).attr_job_definition_arn

    def _model_quality(self) -> str:
        return sagemaker.CfnModelQualityJobDefinition(
            self,
            "ModelQuality",
            model_quality_app_specification={"imageUri": self._analyzer, "problemType": "BinaryClassification"},
            model_quality_baseline_config=self._constraints("model_quality_constraints.json"),
            model_quality_job_input={**self._labelled(), "groundTruthS3Input": self._ground_truth()},
            model_quality_job_output_config=self._output("model-quality"),
            **self._job(),
        ).attr_job_definition_arn

    def _bias(self) -> str:
        return sagemaker.CfnModelBiasJobDefinition(
            self,
            "Bias",
            model_bias_app_specification=self._analysis("bias_config.json"),
            model_bias_baseline_config=self._constraints("bias_constraints.json"),
            model_bias_job_input={**self._labelled(), "groundTruthS3Input": self._ground_truth()},
            model_bias_job_output_config=self._output("bias"),
            **self._job(),
        ).attr_job_definition_arn

    def _attribution(self) -> str:
        return sagemaker.CfnModelExplainabilityJobDefinition(
            self,
            "Attribution",
            model_explainability_app_specification=self._analysis("attribution_config.json"),
            model_explainability_baseline_config=self._constraints("attribution_constraints.json"),
            model_explainability_job_input={"endpointInput": self._endpoint()},
            model_explainability_job_output_config=self._output("attribution"),
            **self._job(),
        ).attr_job_definition_arn

    def _schedule(self, kind: str, definition_arn: str) -> str:
        schedule = sagemaker.CfnMonitoringSchedule(
            self,
            f"{_TYPES[kind]}Schedule",
            monitoring_schedule_name=f"{self._stage.endpoint}-{kind}",
            monitoring_schedule_config={
                "monitoringJobDefinitionName": Fn.select(1, Fn.split("/", definition_arn)),
                "monitoringType": _TYPES[kind],
                "scheduleConfig": {"scheduleExpression": _DAILY},
            },
        )
        return schedule.attr_monitoring_schedule_arn

    def _endpoint(self) -> dict[str, Any]:
        return {"endpointName": self._stage.endpoint, "localPath": _INPUT, "s3InputMode": "File"}

    def _labelled(self) -> dict[str, Any]:
        """The day before yesterday: its labels have arrived."""
        wait = self._stage.monitoring.label_wait_days
        offsets = {"startTimeOffset": f"-P{wait + 1}D", "endTimeOffset": f"-P{wait}D"}
        prediction = {"probabilityAttribute": _PROBABILITY, "probabilityThresholdAttribute": _MIDDLE}
        return {"endpointInput": {**self._endpoint(), **prediction, **offsets}}

    def _ground_truth(self) -> dict[str, str]:
        return {"s3Uri": f"s3://{self._bucket}/ground-truth/{self._stage.endpoint}/"}

    def _constraints(self, file: str) -> dict[str, Any]:
        return {"constraintsResource": {"s3Uri": _folder(self._stage.monitoring.evaluation) + file}}

    def _analysis(self, file: str) -> dict[str, str]:
        return {"imageUri": self._clarify, "configUri": _folder(self._stage.monitoring.evaluation) + file}

    def _output(self, kind: str) -> dict[str, Any]:
        uri = f"s3://{self._bucket}/monitoring/{self._stage.endpoint}/model-monitor/{kind}"
        place = {"s3Uri": uri, "localPath": _OUTPUT, "s3UploadMode": "EndOfJob"}
        return {"kmsKeyId": self._keys["output"], "monitoringOutputs": [{"s3Output": place}]}

    def _job(self) -> dict[str, Any]:
        cluster = {"instanceCount": 1, "instanceType": "ml.m5.xlarge", "volumeSizeInGb": 30}
        # Nested properties have the names of the bridge to CDK, which takes no others in a dictionary.
        return {
            "role_arn": self._role.role_arn,
            "job_resources": {"clusterConfig": {**cluster, "volumeKmsKeyId": self._keys["volume"]}},
            "network_config": {
                "enableNetworkIsolation": True,
                "enableInterContainerTrafficEncryption": True,
                "vpcConfig": dict(self._network),
            },
            "stopping_condition": {"maxRuntimeInSeconds": 3600},
        }


def pull_analyzers(region: str) -> list[iam.PolicyStatement]:
    """Allow to pull AWS's two images."""
    analyzer, clarify = _accounts(region)
    statements = [*pull_image(region, analyzer, _ANALYZER), *pull_image(region, clarify, _CLARIFY)]
    pulls = [statement for statement in statements if statement.sid == "PullImage"]
    for statement, name in zip(pulls, ("PullAnalyzer", "PullClarify"), strict=True):
        statement.sid = name
    return pulls


def _images(region: str) -> tuple[str, str]:
    analyzer, clarify = _accounts(region)
    registry = f"dkr.ecr.{region}.amazonaws.com"
    return f"{analyzer}.{registry}/{_ANALYZER}", f"{clarify}.{registry}/{_CLARIFY}:1.0"


def _accounts(region: str) -> tuple[str, str]:
    if region not in _ACCOUNTS:
        raise ValueError(
            f"monitoring: backend model-monitor in {region}; the images' accounts are known for "
            f"{', '.join(sorted(_ACCOUNTS))} (infra/constructs/model_monitor.py)"
        )
    return _ACCOUNTS[region]


def _folder(uri: str) -> str:
    return uri.rstrip("/") + "/"
