"""Make run folders as a run leaves them behind, from drawn scores: for tests, and to look at.

`python tests/unit/pipelines/report/synthetic_run.py registered /tmp/run` writes one.
"""

import json
import math
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = "arn:aws:sagemaker:us-east-1:123456789012"
ARN = f"{ROOT}:pipeline/flight-delay-training/execution/p4jn9xou8a8s"
START = datetime(2026, 11, 21, 9, 50, 3, tzinfo=UTC)
VARIANTS = ("registered", "cached", "rejected", "failed", "champion")
STEPS = (
    ("Prepare", "Processing", 0, 31.2),
    ("Tune", "Tuning", 31.4, 118.0),
    ("Train", "Training", 149.8, 21.3),
    ("Evaluate", "Processing", 171.3, 14.9),
    ("QualityGate", "Condition", 186.4, 0.1),
    ("RegisterModel", "RegisterModel", 186.6, 0.3),
    ("QualityGateFailed", "Fail", 186.6, 0.1),
)
REFUSED = (
    "AlgorithmError: table flights: 30.2 % of 26,483 rows were rejected (month 03), allowed: 5.0 %. Most frequent "
    "reason: dep_time is not a time of day (7,998 rows). Mend the file or raise MaxRejectedFraction. Exit code: 1"
)
GATE = "The model does not pass the quality gate: AUC 0.7546 (at least 0.78), log loss 0.2801 (at most 0.32)."
FEATURES = {
    "nyc_mean_60": "mean departure delay over all three airports in the hour before the cut-off",
    "p1_slack": "time between the inbound aircraft's expected arrival and this flight's departure",
    "o_overdue_n": "flights at this airport past their scheduled departure that had not left at the cut-off",
    "c_mean_180": "mean departure delay of the carrier in the three hours before the cut-off",
    "nyc_late_60": "share of flights that left late from all three airports in the hour before the cut-off",
    "h_fl_mean28": "mean delay of this flight number over the last 28 days",
    "wl_pressure": "sea-level pressure, last observation known at the cut-off",
    "wl_dewp": "dew point, last observation known at the cut-off",
    "dest": "destination airport",
    "d_arr_mean_360": "mean arrival delay at the destination over six hours",
    "p1_arr_delay": "arrival delay of the aircraft's previous flight, where known at the cut-off",
    "carrier": "operating airline",
}


def make_run(folder: Path, variant: str = "registered") -> Path:
    """Write a run folder of a variant."""
    steps = _steps(variant)
    write(folder, "steps.json", steps)
    write(folder, "summary.json", _summary(variant, steps))
    write(folder, "execution.json", _execution(variant))
    write(folder, "definition.json", _definition())
    write(
        folder, "tuning.json", {"trials": []} if variant == "failed" else _tuning(40 if variant == "champion" else 12)
    )
    if variant == "failed":
        return folder
    write(folder, "data_report.json", _data_report())
    evaluation, curves = _evaluation(variant == "champion")
    write(folder, "evaluation/evaluation.json", evaluation)
    write(folder, "evaluation/curves.json", curves)
    return folder


def write(folder: Path, name: str, document) -> None:
    """Write one JSON file of a run."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def _steps(variant: str) -> list[dict]:
    skipped = {"rejected": {"RegisterModel"}, "failed": {name for name, *_ in STEPS[1:]}}
    steps = []
    for name, kind, start, seconds in STEPS:
        step = {"name": name, "type": kind, "status": "NotStarted", "seconds": 0.0, "cache_hit": False,
                "started": None, "ended": None, "failure_reason": None, "arn": None, "metadata": {}}  # fmt: skip
        if name not in skipped.get(variant, {"QualityGateFailed"}):
            hit = variant == "cached" and kind in ("Processing", "Tuning", "Training")
            begin, took = (0.2 * len(steps), 0.1) if variant == "cached" else (start, seconds)
            step |= {"status": "Succeeded", "started": _at(begin), "ended": _at(begin + took)}
            step |= {"seconds": took, "cache_hit": hit}
        steps.append(step)
    reasons = {"failed": (0, REFUSED), "rejected": (6, GATE)}
    if variant in reasons:
        index, reason = reasons[variant]
        steps[index] |= {"status": "Failed", "failure_reason": reason}
    return steps


def _summary(variant: str, steps: list[dict]) -> dict:
    bad = variant in ("failed", "rejected")
    test = {"auc": 0.7546, "log_loss": 0.2801, "brier": 0.0823, "base_rate": 0.1021}
    validation = {"auc": 0.7793, "log_loss": 0.2481, "brier": 0.0712, "base_rate": 0.0931}
    failed = next((step for step in steps if step["status"] == "Failed"), None)
    return {
        "schema_version": 1,
        "status": "Failed" if bad else "Succeeded",
        "failure_reason": failed and f"step {failed['name']} ended the execution as Failed: {failed['failure_reason']}",
        "target": "local",
        "pipeline_execution_arn": ARN,
        "model_package_arn": None if bad else f"{ROOT}:model-package/flight-delay/3",
        "steps": [{key: step[key] for key in ("name", "type", "status", "seconds", "cache_hit")} for step in steps],
        "metrics": {"test": {}, "validation": {}} if variant == "failed" else {"test": test, "validation": validation},
        "seconds_total": {"cached": 4.1, "failed": 42.9}.get(variant, 189.7),
        "definition_sha256": "9b1c" * 16,
        "parameters": _parameters(variant),
    }


def _parameters(variant: str) -> dict:
    return {"MinAuc": "0.78" if variant == "rejected" else 0.7, "MaxLogLoss": 0.32, "MaxRejectedFraction": 0.05,
            "DataVersion": "5f0c2d9e11", "GitCommit": "1a986f2c0de5a1b2c3d4e5f60718293a4b5c6d7e",
            "RawDataUri": "s3://flight-delay-raw-123456789012-us-east-1/nycflights13"}  # fmt: skip


def _execution(variant: str) -> dict:
    return {"arn": ARN, "status": "Failed" if variant in ("failed", "rejected") else "Succeeded", "target": "local",
            "started": _at(-0.4), "ended": _at(188), "region": "us-east-1",
            "parameters": _parameters(variant)}  # fmt: skip


def _definition() -> dict:
    after = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    steps = [
        {"Name": "Prepare", "Type": "Processing", "Arguments": {}},
        {"Name": "Tune", "Type": "Tuning", "DependsOn": ["Prepare"], "Arguments": {}},
        {"Name": "Train", "Type": "Training", "DependsOn": ["Tune"], "Arguments": {}},
        {"Name": "Evaluate", "Type": "Processing", "Arguments": {"ProcessingInputs": [{"S3Uri": after}]}},
        {"Name": "QualityGate", "Type": "Condition", "DependsOn": ["Evaluate"], "Arguments": {
            "IfSteps": [{"Name": "RegisterModel", "Type": "RegisterModel", "Arguments": {}}],
            "ElseSteps": [{"Name": "QualityGateFailed", "Type": "Fail", "Arguments": {}}]}},
    ]  # fmt: skip
    return {"Version": "2020-12-01", "Parameters": [], "Steps": steps}


def _tuning(count: int) -> dict:
    rng = np.random.default_rng(7)
    trials, clock = [], [32.0, 32.4]
    for i in range(count):
        lane = int(clock[1] < clock[0])
        eta, depth = math.exp(rng.uniform(math.log(0.03), math.log(0.3))), int(rng.integers(4, 11))
        loss = 0.2475 + abs(math.log(eta / 0.05)) ** 1.5 / 300 + 0.0006 * abs(depth - 8) + rng.normal(0, 0.0006)
        seconds = 8 + 14 * (0.1 / eta) ** 0.4 + rng.uniform(0, 3)
        trials.append({
            "name": f"p4jn9xou8a8s-Tune-x1-{i + 1:03d}-{int(rng.integers(2**32)):08x}",
            "status": {7: "Failed", 10: "Stopped"}.get(i, "Completed"),
            "objective": None if i == 7 else loss + (0.03 if i == 4 else 0),
            "started": _at(clock[lane]), "ended": _at(clock[lane] + seconds * 0.9), "seconds": seconds * 0.9,
            "hyperparameters": {"eta": f"{eta:.6f}", "max_depth": str(depth),
                "min_child_weight": f"{math.exp(rng.uniform(0, 4)):.4f}", "subsample": f"{rng.uniform(0.6, 1):.4f}",
                "colsample_bytree": f"{rng.uniform(0.3, 1):.4f}", "lambda": f"{math.exp(rng.uniform(-2, 2)):.4f}",
                "gamma": f"{rng.uniform(0, 2):.4f}"},
        })  # fmt: skip
        clock[lane] += seconds
    return {"job_name": "p4jn9xou8a8s-Tune-x1", "cache_hit": False, "config": {"Strategy": "Bayesian"},
            "objective": {"metric": "validation:logloss", "type": "Minimize"}, "trials": trials}  # fmt: skip


def _data_report() -> dict:
    rates = [0.165, 0.176, 0.152, 0.186, 0.169, 0.229, 0.224, 0.157, 0.094, 0.092, 0.102, 0.217]
    months = {"train": range(1, 9), "validation": (9, 10), "test": (11,), "production": (12,)}
    tables = {"flights": (336776, 0), "weather": (26115, 1), "planes": (3322, 0), "airports": (1458, 0)}
    return {
        "schema_version": 1, "data_version": "5f0c2d9e11", "horizon_hours": 2,
        "tables": {name: {"rows_read": rows, "rows_accepted": rows - bad, "rows_rejected": bad,
                          "max_rejected_fraction": 0.05, "values_set_to_missing": {"wind_speed": 1} if bad else {},
                          "rejected_by_reason": {"temp is not a number": 1} if bad else {}}
                   for name, (rows, bad) in tables.items()},
        "outcomes": {"arrived": 327346, "cancelled": 8255, "diverted": 1175, "decision": "they have no label"},
        "splits": {split: {"rows": 27000, "label_rate": 0.1, "months": {
            f"{month:02d}": {"rows": 27000, "label_rate": rates[month - 1]} for month in part}}
            for split, part in months.items()},
        "stages": [{"name": "read", "seconds": 4.2, "peak_rss_mb": 480}],
        "features": [{"name": name, "missing_share": 0.02 * i} for i, name in enumerate(FEATURES)],
    }  # fmt: skip


def _evaluation(champion: bool) -> tuple[dict, dict]:
    rng = np.random.default_rng(11)
    logit = rng.normal(-2.58, 0.98, 9000)
    score = 1 / (1 + np.exp(-logit))
    late = rng.random(9000) < 1 / (1 + np.exp(-(logit + 0.05)))
    order = np.argsort(-score)
    hits, misses = np.cumsum(late[order]), np.cumsum(~late[order])
    keep = np.unique(np.linspace(0, 8999, 300).astype(int))
    recall, fpr = (hits / hits[-1])[keep], (misses / misses[-1])[keep]
    flagged = score >= 1 / 6
    matrix = {"0": {"0": int((~flagged & ~late).sum()), "1": int((flagged & ~late).sum())},
              "1": {"0": int((~flagged & late).sum()), "1": int((flagged & late).sum())}}  # fmt: skip
    bins = [{"rows": len(part), "mean_prediction": float(score[part].mean()), "observed": float(late[part].mean())}
            for part in np.array_split(np.argsort(score), 15)]  # fmt: skip
    slices = [{"slice": name, "value": value, "rows": rows, "base_rate": rate, "auc": auc, "mean_prediction": rate,
               "auc_standard_error": 0.9 / math.sqrt(rows * rate) / 3, "log_loss": 0.18 + rate, "brier": 0.08}
              for name, value, rows, rate, auc in (
                  ("origin", "EWR", 9600, 0.112, 0.751), ("origin", "JFK", 8680, 0.094, 0.762),
                  ("carrier", "UA", 4800, 0.085, 0.74), ("carrier", "B6", 4400, 0.11, 0.77),
                  ("hour_block", "evening", 4200, 0.18, 0.69), ("carrier", "HA", 30, 0.1, None))]  # fmt: skip
    test = {"auc": 0.7546, "auc_standard_error": 0.0046, "log_loss": 0.2801, "brier": 0.0823, "base_rate": 0.1021,
            "base_rate_log_loss": 0.3297, "rows": 26971}  # fmt: skip
    close = {"auc": 0.7512, "log_loss": 0.2812, "auc_difference": {"value": 0.0034, "lower": -0.0001, "upper": 0.0069},
             "log_loss_difference": {"value": -0.0011, "lower": -0.0024, "upper": 0.0002}}  # fmt: skip
    far = {"auc": 0.5, "log_loss": 0.3383, "rate": 0.158,
           "auc_difference": {"value": 0.2546, "lower": 0.24, "upper": 0.27},
           "log_loss_difference": {"value": -0.0582, "lower": -0.0661, "upper": -0.0493}}  # fmt: skip
    rival = {"present": champion, **(close if champion else {})}
    evaluation = {
        "schema_version": 1,
        "metrics": {"test": test, "validation": {"auc": 0.7793, "log_loss": 0.2481, "base_rate": 0.0931}},
        "comparisons": {"base_rate": far, "tuned": close, "champion": rival},
        "gate": {"auc": 0.7546, "log_loss": 0.2801, "worse_than_champion_by": -0.0024 if champion else 0.0},
        "threshold": {"value": 1 / 6, "cost_false_positive": 1, "cost_false_negative": 5, "confusion_matrix": matrix},
        "slices": slices, "slice_values_with_too_few_rows": {"carrier": 3}, "calibration": {"bins": bins},
        "attributions": [{"feature": name, "mean_abs_shap": 0.31 * 0.86**i, "description": words}
                         for i, (name, words) in enumerate(FEATURES.items())],
    }  # fmt: skip
    history = [{"iteration": i, "train-logloss": 0.24 + 0.2 * math.exp(-i / 40) - i / 9000,
                "validation-logloss": 0.2485 + 0.2 * math.exp(-i / 40) + i / 90000}
               for i in range(0, 240, 4)]  # fmt: skip
    precision = (hits / (hits + misses))[keep]
    curves = {"roc": {"candidate": {"x": fpr.tolist(), "y": recall.tolist()}}, "learning_curve": history,
              "precision_recall": {"candidate": {"x": recall.tolist(), "y": precision.tolist()}}}  # fmt: skip
    return evaluation, curves


if __name__ == "__main__":
    sys.stdout.write(f"{make_run(Path(sys.argv[2]), sys.argv[1])}\n")
