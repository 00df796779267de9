"""Make run folders as a run leaves them behind, from drawn scores: for tests, and to look at.

`python -m tests.unit.pipelines.report.synthetic_run registered /tmp/run` writes one.
"""

import json
import math
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2026, 11, 21, 9, 50, 3, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
DAYS = [("Prepare", "Processing", 0, 31.2), ("Tune", "Tuning", 31.4, 118.0), ("Train", "Training", 149.8, 21.3),
        ("Evaluate", "Processing", 171.3, 14.9), ("QualityGate", "Condition", 186.4, 0.1),
        ("RegisterModel", "RegisterModel", 186.6, 0.3)]  # fmt: skip
FEATURES = {
    "nyc_mean_60": "Mean departure delay over all three airports in the hour before the cut-off.",
    "p1_slack": "Time between the inbound aircraft's expected arrival and this flight's departure.",
    "o_overdue_n": "Flights at this airport past their scheduled departure that had not left at the cut-off.",
    "c_mean_180": "Mean departure delay of the carrier in the three hours before the cut-off.",
    "nyc_late_60": "Share of flights that left late from all three airports in the hour before the cut-off.",
    "h_fl_mean28": "Mean delay of this flight number over the last 28 days.",
    "wl_pressure": "Sea-level pressure, last observation known at the cut-off.",
    "wl_dewp": "Dew point, last observation known at the cut-off.",
    "dest": "Destination airport.",
    "d_arr_mean_360": "Mean arrival delay at the destination over six hours.",
    "p1_arr_delay": "Arrival delay of the aircraft's previous flight, where known at the cut-off.",
    "carrier": "Operating airline.",
}


def make_run(folder: Path, variant: str = "registered") -> Path:
    """Write a run folder of the variant: registered, rejected, failed, or cached."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = _steps(variant)
    write(folder, "steps.json", {"steps": steps})
    write(folder, "summary.json", _summary(variant, steps))
    write(folder, "execution.json", _execution(variant))
    write(folder, "definition.json", _definition())
    if variant == "failed":
        return folder
    write(folder, "data_report.json", _data_report())
    write(folder, "tuning.json", _tuning())
    write(folder, "feature_spec.json", _feature_spec())
    evaluation, curves = _evaluation()
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
    cached = variant == "cached"
    steps = []
    for name, kind, start, seconds in DAYS:
        hit = cached and kind in ("Processing", "Tuning", "Training")
        begin, took = (0.2 * len(steps), 0.1) if cached else (start, seconds)
        steps.append({"name": name, "type": kind, "status": "Succeeded", "start": _at(begin), "end": _at(begin + took),
                      "seconds": took, "cache_hit": hit, "attempts": 1})  # fmt: skip
    if variant == "failed":
        reason = ("AlgorithmError: table flights: 30.2 % of 26,483 rows were rejected (month 03), allowed: 5.0 %. "
                  "Most frequent reason: dep_time is not a time of day (7,998 rows). Mend the file or raise "
                  "MaxRejectedFraction. Exit code: 1")  # fmt: skip
        steps = [steps[0] | {"status": "Failed", "seconds": 9.4, "end": _at(9.4), "failure_reason": reason}]
    if variant == "rejected":
        steps[-2]["outcome"] = "False"
        reason = "The model does not pass the quality gate: AUC 0.7546 (at least 0.78), log loss 0.2801 (at most 0.32)."
        steps[-1] |= {"name": "QualityGateFailed", "type": "Fail", "status": "Failed", "failure_reason": reason}
    return steps


def _summary(variant: str, steps: list[dict]) -> dict:
    done = variant in ("registered", "cached")
    metrics = {"test": {"auc": 0.7546, "log_loss": 0.2801, "brier": 0.0823, "base_rate": 0.1021, "rows": 26971},
               "validation": {"auc": 0.7793, "log_loss": 0.2481, "brier": 0.0712, "base_rate": 0.0931}}  # fmt: skip
    return {
        "schema_version": 1, "status": "Succeeded" if done else "Failed", "target": "local", "budget": "default",
        "pipeline_name": "flight-delay-training",
        "pipeline_execution_arn": f"{ARN}:pipeline/flight-delay-training/execution/p4jn9xou8a8s",
        "model_package_arn": f"{ARN}:model-package/flight-delay/3" if done else None,
        "steps": [{k: step[k] for k in ("name", "type", "status", "seconds", "cache_hit")} for step in steps],
        "metrics": {} if variant == "failed" else metrics,
        "seconds_total": {"cached": 4.1, "failed": 12.9}.get(variant, 189.7),
        "started_at": _at(0), "ended_at": _at(189.7), "git_commit": "1a986f2c0de5a1b2c3d4e5f60718293a4b5c6d7e",
        "data_version": "sha256-5f0c2d9e", "definition_sha256": "9b1c" * 16,
        "failure_reason": steps[-1].get("failure_reason"),
    }  # fmt: skip


def _execution(variant: str) -> dict:
    floor = 0.78 if variant == "rejected" else 0.70
    return {
        "pipeline_execution_arn": f"{ARN}:pipeline/flight-delay-training/execution/p4jn9xou8a8s",
        "status": "Failed" if variant in ("failed", "rejected") else "Succeeded",
        "parameters": {"MinAuc": floor, "MaxLogLoss": 0.32, "MaxRejectedFraction": 0.05, "DataVersion": "sha256-5f0c2d9e"},
    }  # fmt: skip


def _definition() -> dict:
    steps = [
        {"Name": name, "Type": kind, "DependsOn": [DAYS[i - 1][0]] if i else [], "Arguments": {}}
        for i, (name, kind, *_) in enumerate(DAYS[:4])
    ]
    gate = {"Name": "QualityGate", "Type": "Condition", "DependsOn": ["Evaluate"], "Arguments": {
        "Conditions": [], "IfSteps": [{"Name": "RegisterModel", "Type": "RegisterModel", "Arguments": {}}],
        "ElseSteps": [{"Name": "QualityGateFailed", "Type": "Fail", "Arguments": {}}]}}  # fmt: skip
    return {"Version": "2020-12-01", "Parameters": [], "Steps": [*steps, gate]}


def _tuning() -> dict:
    rng = np.random.default_rng(7)
    trials, clock = [], [32.0, 32.4]
    for i in range(12):
        lane = int(clock[1] < clock[0])
        eta, depth = float(np.exp(rng.uniform(math.log(0.03), math.log(0.3)))), int(rng.integers(4, 11))
        weight = float(np.exp(rng.uniform(0, math.log(60))))
        objective = 0.2475 + 0.01 * abs(math.log(eta / 0.05)) ** 1.5 / 3 + 0.0006 * abs(depth - 8) + rng.normal(0, 0.0006)
        seconds = 8 + 14 * (0.1 / eta) ** 0.4 + rng.uniform(0, 3)
        failed = i == 7
        trials.append({
            "name": f"p4jn9xou8a8s-Tune-x1-{i + 1:03d}-{int(rng.integers(2**32)):08x}",
            "start": _at(clock[lane]), "end": _at(clock[lane] + seconds * 0.9),
            "status": "Failed" if failed else "Stopped" if i == 10 else "Completed",
            "objective": None if failed else objective + (0.03 if i == 4 else 0),
            "hyperparameters": {"eta": f"{eta:.6f}", "max_depth": str(depth), "min_child_weight": f"{weight:.4f}",
                "subsample": f"{rng.uniform(0.6, 1):.4f}", "colsample_bytree": f"{rng.uniform(0.3, 1):.4f}",
                "lambda": f"{np.exp(rng.uniform(-2.3, 2.3)):.4f}", "gamma": f"{rng.uniform(0, 2):.4f}"},
        })  # fmt: skip
        clock[lane] += seconds
    best = min((trial for trial in trials if trial["objective"]), key=lambda trial: trial["objective"])
    return {"strategy": "Bayesian", "objective": {"name": "validation:logloss", "type": "Minimize"},
            "best": {"name": best["name"], "objective": best["objective"]}, "trials": trials}  # fmt: skip


def _feature_spec() -> dict:
    return {"schema_version": 1, "horizon_hours": 2, "split_months": {"train": list(range(1, 9)), "validation": [9, 10],
            "test": [11], "production": [12]}, "features": [{"name": n, "description": d} for n, d in FEATURES.items()]}  # fmt: skip


def _data_report() -> dict:
    rates = [0.165, 0.176, 0.152, 0.186, 0.169, 0.229, 0.224, 0.157, 0.094, 0.092, 0.102, 0.217]
    rows = [26400, 23600, 27900, 27500, 28100, 27100, 28300, 28700, 27000, 28600, 26971, 27020]
    splits = ["train"] * 8 + ["validation"] * 2 + ["test", "production"]
    tables = {"flights": (336776, 0, {}), "weather": (26115, 1, {"wind_speed above 120 mph": 1}),
              "planes": (3322, 0, {}), "airports": (1458, 0, {}), "airlines": (16, 0, {})}  # fmt: skip
    return {
        "schema_version": 1,
        "tables": {n: {"rows_read": r, "rows_accepted": r - b, "rows_rejected": b, "reasons": why}
                   for n, (r, b, why) in tables.items()},
        "label_rate_by_month": [{"month": i + 1, "rows": rows[i], "label_rate": rates[i], "split": splits[i]}
                                for i in range(12)],
        "cancelled": {"rows": 8255, "decision": "Cancelled flights have no arrival; they carry no label, but count in "
                      "the live features of the flights after them."},
        "diverted": {"rows": 1175, "decision": "Diverted flights have no arrival delay and no label."},
        "stages": [{"name": "read", "seconds": 4.2, "peak_rss_mb": 480}, {"name": "features", "seconds": 15.1, "peak_rss_mb": 910}],
        "features": {n: {"missing_share": 0.02} for n in FEATURES},
    }  # fmt: skip


def _evaluation() -> tuple[dict, dict]:
    rng = np.random.default_rng(11)
    logit = rng.normal(-2.58, 0.98, 9000)
    score = 1 / (1 + np.exp(-logit))
    late = rng.random(9000) < 1 / (1 + np.exp(-(logit + 0.05)))
    order = np.argsort(-score)
    hits, misses = np.cumsum(late[order]), np.cumsum(~late[order])
    keep = np.unique(np.r_[0, np.linspace(0, 8999, 160).astype(int)])
    tpr, fpr = hits[keep] / hits[-1], misses[keep] / misses[-1]
    precision = hits[keep] / (hits[keep] + misses[keep])
    flagged = score >= 1 / 7
    matrix = {"true_positive": int((flagged & late).sum()), "false_positive": int((flagged & ~late).sum()),
              "false_negative": int((~flagged & late).sum()), "true_negative": int((~flagged & ~late).sum())}  # fmt: skip
    bins = []
    for part in np.array_split(np.argsort(score), 10):
        bins.append({"rows": len(part), "mean_prediction": float(score[part].mean()), "observed": float(late[part].mean())})
    slices = [{"slice": "origin", "value": v, "rows": n, "base_rate": b, "auc": a, "log_loss": 0.28 + (b - 0.1), "mean_prediction": b * 0.97}
              for v, n, b, a in (("EWR", 9600, 0.112, 0.751), ("JFK", 8680, 0.094, 0.762), ("LGA", 8691, 0.099, 0.748))]  # fmt: skip
    slices += [{"slice": "carrier", "value": v, "rows": n, "base_rate": b, "auc": a, "log_loss": 0.28 + (b - 0.1), "mean_prediction": b}
               for v, n, b, a in (("UA", 4800, 0.085, 0.74), ("B6", 4400, 0.11, 0.77), ("EV", 4200, 0.14, 0.76), ("DL", 3800, 0.07, 0.752),
                                  ("AA", 2600, 0.078, 0.731), ("MQ", 2100, 0.12, 0.748), ("HA", 25, 0.0, None), ("OO", 5, 0.2, 0.5))]  # fmt: skip
    evaluation = {
        "schema_version": 1,
        "metrics": {"test": {"auc": 0.7546, "log_loss": 0.2801, "brier": 0.0823, "base_rate": 0.1021, "rows": 26971,
                             "auc_standard_error": 0.0046},
                    "validation": {"auc": 0.7793, "log_loss": 0.2481, "brier": 0.0712, "base_rate": 0.0931, "rows": 55600}},
        "comparisons": {
            "base_rate": {"log_loss": 0.3297, "auc": 0.5, "log_loss_difference": {"value": -0.0496, "lower": -0.0561, "upper": -0.0431}},
            "tuned": {"auc": 0.7512, "log_loss": 0.2812, "log_loss_difference": {"value": -0.0011, "lower": -0.0024, "upper": 0.0002},
                      "auc_difference": {"value": 0.0034, "lower": -0.0001, "upper": 0.0069}},
            "champion": {"present": False}},
        "gate": {"auc": 0.7546, "log_loss": 0.2801, "worse_than_champion_by": 0.0},
        "threshold": {"value": 1 / 7, "cost_false_positive": 1, "cost_false_negative": 6, "confusion_matrix": matrix},
        "slices": slices, "calibration": {"bins": bins},
        "attributions": [{"feature": n, "mean_abs_shap": 0.31 * 0.86**i} for i, n in enumerate(FEATURES)],
    }  # fmt: skip
    curves = {"roc": {"false_positive_rate": fpr.tolist(), "true_positive_rate": tpr.tolist()},
              "precision_recall": {"precision": precision.tolist(), "recall": tpr.tolist()}}  # fmt: skip
    return evaluation, curves


if __name__ == "__main__":
    print(make_run(Path(sys.argv[2]), sys.argv[1]))
