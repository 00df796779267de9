"""Write the model card: the content document that SageMaker's CreateModelCard accepts.

Texts are bounded by the schema (1,024 or 2,048 characters), names by 255, datasets by 10.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from processing.model_archive import Model

_PURPOSE = (
    "Estimate, two hours before scheduled departure from a New York airport, the probability that a flight arrives "
    "30 minutes late or later, so that crews, gates and travellers can be informed ahead."
)
_USES = (
    "Ranking and flagging flights for attention, with a person deciding. Not for compensation claims, for pricing, "
    "for judging carriers or staff, nor for flights that do not leave JFK, LGA or EWR."
)
_FACTORS = (
    "Season and weather regime (the share of late flights ran from 9 % to 24 % by month in 2013), schedule changes, "
    "outages of the live delay feed, and new carriers, destinations or aircraft."
)
_CAVEATS = (
    "Features of the aircraft's previous legs use the tail number that really flew; swaps within two hours of "
    "departure are known only later, so these features are mildly optimistic. Cancelled and diverted flights have no "
    "arrival delay and are not part of the label. Weather is the last observation known at the cut-off, not a "
    "forecast. Trained and tested on one year: calibration drifts with the base rate more than ranking does, so "
    "watch log loss and calibration after release. Rows of one day are dependent: intervals resample days."
)
_ETHICS = (
    "No data about persons. Slices are airports, carriers and the like; their differences are reported to see that "
    "the service is even, with the names of SageMaker Clarify's bias metrics."
)


def build_model_card(
    candidate: Model, evaluation: Mapping[str, Any], *, image: str, datasets: Sequence[str]
) -> dict[str, Any]:
    """The card of the candidate as evaluated.

    Args:
        candidate: The model.
        evaluation: The document of evaluation.json.
        image: URI of the training image; empty where the job was not told.
        datasets: Names of the evaluation data, at most 10.
    """
    return {
        "model_overview": {
            "model_description": candidate.spec.label_description or "Probability of a late arrival.",
            "model_creator": "The training pipeline's execution role",
            "algorithm_type": "Gradient boosted decision trees (XGBoost, histogram method)",
            "problem_type": "Binary Classification",
            "model_owner": "Owner of the model package group",
            "model_artifact": [],
        },
        "intended_uses": {
            "purpose_of_model": _PURPOSE,
            "intended_uses": _USES,
            "factors_affecting_model_efficiency": _FACTORS,
            "risk_rating": "Low",
            "explanations_for_risk_rating": "A wrong estimate costs attention or a late notice; a person decides.",
        },
        "training_details": _training_details(candidate, image),
        "evaluation_details": [_evaluation_details(evaluation, datasets)],
        "additional_information": {
            "ethical_considerations": _ETHICS,
            "caveats_and_recommendations": _CAVEATS,
            "custom_details": {
                "data_version": candidate.spec.data_version,
                "horizon_hours": f"{candidate.spec.horizon_hours:g}",
                "decision_threshold": f"{evaluation['threshold']['value']:.6f}",
                "features": str(len(candidate.spec.features)),
            },
        },
    }


def _training_details(candidate: Model, image: str) -> dict[str, Any]:
    report = candidate.report
    rows = sum(report.get("rows", {}).values())
    months = {name: list(value) for name, value in candidate.spec.split_months.items()}
    values = report.get("hyperparameters", {})
    details: dict[str, Any] = {
        "training_datasets": [f"data version {candidate.spec.data_version}, months {months}"[:1024]],
        "user_provided_hyper_parameters": [{"name": name, "value": str(values[name])[:255]} for name in sorted(values)],
        "user_provided_training_metrics": [
            {"name": f"validation {name}", "value": float(value), "notes": "Of the tuned model, before the refit"}
            for name, value in report.get("metrics", {}).get("validation", {}).items()
        ],
    }
    if image:
        details["training_environment"] = {"container_image": [image]}
    return {
        "training_observations": (
            f"Objective: least log loss. Mode {report.get('mode', 'fit')}: {report.get('num_boost_round')} rounds on "
            f"{rows:,} rows and {len(candidate.spec.features)} features."
        ),
        "training_job_details": details,
    }


def _evaluation_details(evaluation: Mapping[str, Any], datasets: Sequence[str]) -> dict[str, Any]:
    test, champion = evaluation["metrics"]["test"], evaluation["comparisons"]["champion"]
    against = (
        "no champion was released before"
        if not champion["present"]
        else (
            "log loss minus the champion's: {value:+.5f}, 95 % from {lower:+.5f} to {upper:+.5f}".format(
                **champion["log_loss_difference"]
            )
        )
    )
    return {
        "name": "Test months",
        "evaluation_observation": f"The test months follow all training months. Against the champion: {against}.",
        "datasets": list(datasets)[:10],
        "metric_groups": [
            {"name": "quality", "metric_data": [_number(name, test[name]) for name in sorted(test)]},
            {"name": "decision", "metric_data": _decision(evaluation)},
            {"name": "curves and slices", "metric_data": [_slice_bars(evaluation), _calibration_line(evaluation)]},
        ],
    }


def _number(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "type": "number", "value": value}


def _decision(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    measures = evaluation["binary_classification_metrics"]
    matrix = measures["confusion_matrix"]
    return [
        *(_number(name, measures[name]["value"]) for name in ("precision", "recall", "accuracy", "f1")),
        {
            "name": "confusion matrix",
            "type": "matrix",
            "value": [[matrix["0"]["0"], matrix["0"]["1"]], [matrix["1"]["0"], matrix["1"]["1"]]],
            "x_axis_name": ["not flagged", "flagged"],
            "y_axis_name": ["not late", "late"],
        },
    ]


def _slice_bars(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    entries = [entry for entry in evaluation["slices"] if entry["auc"] is not None]
    return {
        "name": "AUC by slice",
        "type": "bar_chart",
        "value": [entry["auc"] for entry in entries],
        "x_axis_name": [f"{entry['slice']} {entry['value']}" for entry in entries],
        "y_axis_name": "ROC AUC",
    }


def _calibration_line(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": "calibration",
        "type": "linear_graph",
        "value": [[each["mean_prediction"], each["observed"]] for each in evaluation["calibration"]["bins"]],
        "x_axis_name": "predicted probability",
        "y_axis_name": "observed share",
    }
