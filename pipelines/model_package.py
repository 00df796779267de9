"""Make the CreateModelPackage request of a trained model, with its model card."""

import json
from collections.abc import Callable
from typing import Any

from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join

from pipelines.job_parts import join_path
from pipelines.resources import Resources
from usecase import description

REQUEST_TYPES = ["text/csv", "application/json", "application/jsonlines", "application/x-parquet"]
RESPONSE_TYPES = ["application/json", "text/csv", "application/jsonlines"]
HOSTING_INSTANCES = ["ml.m5.large", "ml.m5.xlarge", "ml.c5.large", "ml.c5.xlarge"]
TRANSFORM_INSTANCES = ["ml.m5.large", "ml.m5.xlarge"]
_CARD_MEASURES = {
    "ROC AUC": "metrics.test.auc",
    "log loss": "metrics.test.log_loss",
    "Brier score": "metrics.test.brier",
    "base rate": "metrics.test.base_rate",
}

Measure = Callable[[str], Any]


def create_request(
    *,
    resources: Resources,
    given: dict[str, Any],
    model_uri: Any,
    evaluation_uri: Any,
    baseline_uri: Any,
    measure: Measure,
) -> dict[str, Any]:
    """Return the request; `measure` gives a number of the evaluation report by its path when the pipeline runs."""
    model_quality = {
        "Statistics": _source(evaluation_uri, "evaluation.json"),
        "Constraints": _source(evaluation_uri, "model_quality_constraints.json"),
    }
    data_quality = {
        "Statistics": _source(baseline_uri, "statistics.json"),
        "Constraints": _source(baseline_uri, "constraints.json"),
    }
    return {
        "ModelPackageGroupName": resources.model_package_group,
        "ModelApprovalStatus": given["ModelApprovalStatus"],
        "InferenceSpecification": {
            "Containers": [_container(resources.image, model_uri)],
            "SupportedContentTypes": REQUEST_TYPES,
            "SupportedResponseMIMETypes": RESPONSE_TYPES,
            "SupportedRealtimeInferenceInstanceTypes": HOSTING_INSTANCES,
            "SupportedTransformInstanceTypes": TRANSFORM_INSTANCES,
        },
        "ModelMetrics": {
            "ModelQuality": model_quality,
            "ModelDataQuality": data_quality,
            "Bias": {"PostTrainingReport": _source(evaluation_uri, "bias.json")},
            "Explainability": {"Report": _source(evaluation_uri, "attribution.json")},
        },
        # What the monitors of this version compare with (processing/monitoring).
        "DriftCheckBaselines": {
            "ModelQuality": model_quality,
            "ModelDataQuality": data_quality,
            "Bias": {"PostTrainingConstraints": _source(evaluation_uri, "bias_constraints.json")},
            "Explainability": {"Constraints": _source(evaluation_uri, "attribution_constraints.json")},
        },
        "CustomerMetadataProperties": {
            "git_commit": given["GitCommit"],
            "data_version": given["DataVersion"],
            "auc": measure("gate.auc").to_string(),
            "log_loss": measure("gate.log_loss").to_string(),
            # The release workflow hands it to the model server (DECISION_THRESHOLD).
            "decision_threshold": measure("threshold.value").to_string(),
            "pipeline_execution_arn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "evaluation_uri": evaluation_uri,
            # Which alarm asked for this model; "none" for a run that a person started.
            "retraining_reason": given["RetrainingReason"],
        },
        "ModelCard": {"ModelCardStatus": "PendingReview", "ModelCardContent": _model_card(resources, measure)},
        "SecurityConfig": {"KmsKeyId": resources.keys.model},
        "Domain": "MACHINE_LEARNING",
        "Task": "CLASSIFICATION",
    }


def _container(image: str, model_uri: Any) -> dict[str, Any]:
    return {
        "Image": image,
        "ModelDataUrl": model_uri,
        # The training job put the handlers into the model's own code/ folder: no repacking, and nothing to fetch at
        # start, which an isolated container could not. PIP_NO_BUILD_ISOLATION: see job_parts.
        "Environment": {
            "SAGEMAKER_PROGRAM": "serve.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "PIP_NO_BUILD_ISOLATION": "0",
        },
        "Framework": "XGBOOST",
        "FrameworkVersion": "3.2",
        "NearestModelName": "xgboost",
    }


def _source(uri: Any, filename: str) -> dict[str, Any]:
    return {"ContentType": "application/json", "S3Uri": join_path(uri, filename)}


def _model_card(resources: Resources, measure: Measure) -> Join:
    """Return the card's JSON text, its numbers filled in when the pipeline runs.

    SageMaker takes the card as text, so the text is joined around the numbers: each stands in the template as a marker.
    """
    measures = {f"@{index}@": path for index, path in enumerate(_CARD_MEASURES.values())}
    markers = dict(zip(_CARD_MEASURES, measures, strict=True))
    data = [{"name": name, "type": "number", "value": marker} for name, marker in markers.items()]
    card = {
        "model_overview": {"model_creator": f"pipeline {resources.model_package_group}"},
        "intended_uses": {
            "purpose_of_model": description.PURPOSE,
            "intended_uses": description.INTENDED_USES,
            "factors_affecting_model_efficiency": description.LIMITS,
            "risk_rating": "Low",
        },
        "evaluation_details": [
            {
                "name": description.TEST_SET,
                "metric_groups": [{"name": "binary classification", "metric_data": data}],
            }
        ],
        "additional_information": {"caveats_and_recommendations": description.CAVEATS},
    }
    rest, values = json.dumps(card), []
    for marker, path in measures.items():
        before, _, rest = rest.partition(f'"{marker}"')
        values += [before, measure(path)]
    return Join(on="", values=[*values, rest])
