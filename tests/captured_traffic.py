"""Traffic as data capture and ground truth record it, for an endpoint that serves two small models."""

import base64
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

from processing.model_archive import Model
from tests.prepared_data import SPEC, flights
from usecase.feature_spec import FeatureSpec

START = datetime(2026, 1, 1, tzinfo=UTC)
PER_DAY = 300


def archive(folder: Path, spec: FeatureSpec = SPEC, *, seed: int = 1, rounds: int = 30) -> Model:
    """Train a model on synthetic flights and pack it as the training job does."""
    frame = pd.concat([flights(3000, seed=seed, month=month) for month in (1, 2)], ignore_index=True)
    matrix = xgb.DMatrix(spec.encode(frame), frame[spec.label].to_numpy(), enable_categorical=True)
    parameters = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.2, "nthread": 1, "seed": seed}
    booster = xgb.train(parameters, matrix, rounds)
    folder.mkdir(parents=True)
    booster.save_model(folder / "model.ubj")
    spec.save(folder / "feature_spec.json")
    (folder / "training_report.json").write_text("{}")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        for name in ("model.ubj", "feature_spec.json", "training_report.json"):
            tar.add(folder / name, arcname=name)
            (folder / name).unlink()
    return Model(booster, spec, {})


def capture_line(
    row: dict, probability: float, moment: datetime, *, attributes: str = "", inference_id: str = "", encoding: str = ""
) -> str:
    """One line of data capture for one JSON request."""
    answer = json.dumps({"predictions": [{"probability": probability, "label": 0, "model_version": "1"}]})

    def part(mode: str, text: str) -> dict:
        data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
        return {
            "observedContentType": "application/json",
            "mode": mode,
            "data": data,
            "encoding": encoding or "JSON",
        }

    event = {"eventId": f"event-{row['flight_id']}", "inferenceTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    event["inferenceId"] = inference_id or row["flight_id"]
    if attributes:
        event["customAttributes"] = [attributes]
    data = {"endpointInput": part("INPUT", json.dumps(row)), "endpointOutput": part("OUTPUT", answer)}
    return json.dumps({"captureData": data, "eventMetadata": event, "eventVersion": "0"})


def label_line(request: str, label: object) -> str:
    """One line of ground truth."""
    truth = {"groundTruthData": {"data": str(label), "encoding": "CSV"}, "eventMetadata": {"eventId": request}}
    return json.dumps({**truth, "eventVersion": "0"})


def append(folder: Path, moment: datetime, line: str) -> None:
    """Add a line to the file of an hour."""
    file = folder / f"{moment:%Y/%m/%d/%H}" / "part.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def rows_of(frame: pd.DataFrame) -> list[dict]:
    """Requests: all columns but the label, missing values as null."""
    columns = frame.drop(columns="label").assign(flight_date=frame["flight_date"].astype(str))
    rows: list[dict] = json.loads(columns.to_json(orient="records"))
    return rows


def write_traffic(
    root: Path,
    models: dict[str, Model],
    *,
    days: int,
    per_day: int = PER_DAY,
    share: Callable[[int], float] = lambda _: 0.5,
    label: Callable[[int, int], bool] = lambda _, __: True,
    seed: int = 5,
) -> None:
    """Write days of traffic and the labels, known six hours after each request.

    Args:
        root: Gets `capture` and `ground-truth`.
        models: What champion and challenger answer.
        days: How many.
        per_day: Requests of a day.
        share: Day → challenger's share.
        label: (day, row) → whether its ground truth ever arrives.
        seed: Of flights and assignment.
    """
    rng = np.random.default_rng(seed)
    for day in range(days):
        frame = flights(per_day, seed=1000 + seed * 100 + day, month=day + 1)
        frame["flight_id"] = [f"d{day}-{index}" for index in range(per_day)]
        scores = {name: model.predict(frame) for name, model in models.items()}
        for place, row in enumerate(rows_of(frame)):
            moment = START + timedelta(days=day, seconds=86400 * place / per_day)
            variant = "challenger" if rng.random() < share(day) else "champion"
            attributes = f"experiment=release-v2;assigned={variant};share={share(day):.6g}"
            line = capture_line(row, float(scores[variant][place]), moment, attributes=attributes)
            append(root / "capture" / variant, moment, line)
            if label(day, place):
                known = label_line(row["flight_id"], int(frame["label"][place]))
                append(root / "ground-truth", moment + timedelta(hours=6), known)
