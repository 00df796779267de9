"""FastAPI as people write it: a data frame and a DMatrix for every request."""

import io
import json
import os
from pathlib import Path

import pandas as pd
import xgboost as xgb
from fastapi import FastAPI, Request, Response

_FOLDER = Path(os.environ["BENCHMARK_MODEL"])
_FEATURES = json.loads((_FOLDER / "feature_spec.json").read_text())["features"]
_NAMES = [feature["name"] for feature in _FEATURES]
_CATEGORIES = {feature["name"]: feature["vocabulary"] for feature in _FEATURES if feature["kind"] == "categorical"}
_BOOSTER = xgb.Booster(model_file=_FOLDER / "model.ubj")

app = FastAPI()


@app.get("/ping")
async def ping() -> dict[str, str]:
    """Answer the health check."""
    return {"status": "ready"}


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    """Score CSV rows."""
    frame = pd.read_csv(io.BytesIO(await request.body()), header=None, names=_NAMES)
    for name, categories in _CATEGORIES.items():
        frame[name] = pd.Categorical(frame[name], categories=categories)
    probabilities = _BOOSTER.predict(xgb.DMatrix(frame, enable_categorical=True))
    return Response("\n".join(map(str, probabilities.tolist())), media_type="text/csv")
