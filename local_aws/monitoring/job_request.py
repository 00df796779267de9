"""Make the processing job of a monitoring execution, by the contract of monitoring containers.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.jobs.s3 import Location
from local_aws.monitoring.definition import Definition
from local_aws.monitoring.timing import Window

_BASELINE, _OUTPUT = "/opt/ml/processing/baseline", "/opt/ml/processing/output"
_SCRIPTS, _CONFIG = "/opt/ml/processing/input", "/opt/ml/processing/input/config"
_FORMAT = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
_MERGED_FORMAT = {
    "sagemakerMergeJson": {"captureIndexNames": ["endpointInput", "endpointOutput"], "originalDatasetFormat": _FORMAT}
}
_ATTRIBUTES = {
    "FeaturesAttribute": "features_attribute",
    "InferenceAttribute": "inference_attribute",
    "ProbabilityAttribute": "probability_attribute",
    "ProbabilityThresholdAttribute": "probability_threshold_attribute",
    "ExcludeFeaturesAttribute": "exclude_features_attribute",
}
_ANALYSIS = {"ModelQuality": "MODEL_QUALITY", "ModelBias": "MODEL_BIAS", "ModelExplainability": "MODEL_EXPLAINABILITY"}


@dataclass(frozen=True)
class Plan:
    """What is known of an execution before its job starts.

    Attributes:
        schedule: Name of the schedule.
        schedule_arn: Its ARN.
        scheduled: When the execution was due.
        window: The time that it looks at.
        capture: Where the endpoint's captured requests lie.
        data: Where the data to look at lies → the path below the input's LocalPath to which it goes.
    """

    schedule: str
    schedule_arn: str
    scheduled: dt.datetime
    window: Window
    capture: Location
    data: Mapping[str, str]


def job_request(definition: Definition, plan: Plan) -> dict[str, Any]:
    """Return the request of the processing job."""
    app = definition.app
    entry = {name: app[name] for name in ("ContainerEntrypoint", "ContainerArguments") if app.get(name)}
    outputs = list(_outputs(definition, plan))
    key = definition.output.get("KmsKeyId")
    return {
        "ProcessingJobName": f"model-monitoring-{plan.scheduled:%Y%m%d%H%M}-{uuid.uuid4().hex[:24]}",
        "ProcessingInputs": [*_baseline(definition), *_scripts(definition), *_data(definition, plan)],
        "ProcessingOutputConfig": {"Outputs": outputs, **({"KmsKeyId": key} if key else {})},
        "AppSpecification": {"ImageUri": app["ImageUri"], **entry},
        "Environment": {**definition.environment, **environment(definition, plan)},
        **definition.request,
        "MonitoringScheduleArn": plan.schedule_arn,
    }


def result_locations(definition: Definition, plan: Plan) -> list[Location]:
    """Return where the container's outputs go."""
    return [Location.parse(output["S3Output"]["S3Uri"]) for output in _outputs(definition, plan)]


def environment(definition: Definition, plan: Plan) -> dict[str, str]:
    """Return the variables that a monitoring container reads."""
    given, outputs = definition.endpoint_input, definition.output["MonitoringOutputs"]
    merged = bool(definition.ground_truth)
    found = {
        "dataset_format": json.dumps(_MERGED_FORMAT if merged else _FORMAT, separators=(",", ":")),
        "dataset_source": given["LocalPath"],
        "monitoring_input_type": "ENDPOINT_INPUT",
        "output_path": outputs[0]["S3Output"].get("LocalPath", _OUTPUT) if outputs else _OUTPUT,
        "publish_cloudwatch_metrics": definition.environment.get("publish_cloudwatch_metrics", "Enabled"),
        "sagemaker_endpoint_name": given["EndpointName"],
        "sagemaker_monitoring_schedule_name": plan.schedule,
        "sagemaker_endpoint_datacapture_prefix": plan.capture.key,
        "start_time": f"{plan.window.start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{plan.window.end:%Y-%m-%dT%H:%M:%SZ}",
    }
    found |= {f"baseline_{name}": f"{_BASELINE}/{name}/{file}" for name, file, _ in _baseline_files(definition)}
    for name, uri in _code(definition):
        found[name] = f"{_SCRIPTS}/{name}_input/{Location.parse(uri).key.rpartition('/')[2]}"
    if definition.kind in _ANALYSIS:
        found["analysis_type"] = _ANALYSIS[definition.kind]
    if problem := definition.app.get("ProblemType"):
        found["problem_type"] = problem
    if merged:
        found["ground_truth_attribute"] = "groundTruthData"
    return found | {variable: str(given[name]) for name, variable in _ATTRIBUTES.items() if name in given}


def _baseline_files(definition: Definition) -> Iterator[tuple[str, str, str]]:
    for name in ("constraints", "statistics"):
        if uri := definition.baseline.get(f"{name.capitalize()}Resource", {}).get("S3Uri"):
            yield name, Location.parse(uri).key.rpartition("/")[2], uri


def _baseline(definition: Definition) -> list[dict[str, Any]]:
    return [_input(name, uri, f"{_BASELINE}/{name}") for name, _, uri in _baseline_files(definition)]


def _code(definition: Definition) -> list[tuple[str, str]]:
    names = {
        "record_preprocessor_script": "RecordPreprocessorSourceUri",
        "post_analytics_processor_script": "PostAnalyticsProcessorSourceUri",
    }
    return [(name, definition.app[member]) for name, member in names.items() if definition.app.get(member)]


def _scripts(definition: Definition) -> list[dict[str, Any]]:
    scripts = [_input(f"{name}_input", uri, f"{_SCRIPTS}/{name}_input") for name, uri in _code(definition)]
    config = definition.app.get("ConfigUri")
    return [*scripts, *([_input("analysis_config", config, _CONFIG)] if config else [])]


def _data(definition: Definition, plan: Plan) -> list[dict[str, Any]]:
    given = definition.endpoint_input
    spread = given.get("S3DataDistributionType", "FullyReplicated")
    return [
        _input(f"endpoint_input_{number}", uri, f"{given['LocalPath']}/{below}", spread)
        for number, (uri, below) in enumerate(plan.data.items(), 1)
    ]


def _input(name: str, uri: str, path: str, spread: str = "FullyReplicated") -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": {**place, "S3DataDistributionType": spread, "S3CompressionType": "None"}}


def _outputs(definition: Definition, plan: Plan) -> Iterator[dict[str, Any]]:
    given: Sequence[Mapping[str, Any]] = definition.output["MonitoringOutputs"]
    for number, item in enumerate(given, 1):
        output = item["S3Output"]
        endpoint = definition.endpoint_input["EndpointName"]
        folder = f"{endpoint}/{plan.schedule}/{plan.scheduled:%Y/%m/%d/%H}"
        place = {
            "S3Uri": Location.parse(output["S3Uri"]).child(folder).uri,
            "LocalPath": output["LocalPath"],
            "S3UploadMode": output.get("S3UploadMode", "Continuous"),
        }
        yield {"OutputName": "result" if number == 1 else f"result_{number}", "S3Output": place}
