"""What the managed image does with a CSV request by default: sniff, split, DMatrix, predict, join."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb
from sagemaker_containers import _transformer, _worker


def load(_folder: str) -> xgb.Booster:
    """Read the Booster."""
    booster = xgb.Booster()
    booster.load_model(Path(os.environ["BENCHMARK_MODEL"], "model.ubj"))
    booster.set_param({"nthread": 1})
    return booster


def read(body: str, _content_type: str) -> xgb.DMatrix:
    """CSV without a header, numbers only, to a DMatrix."""
    delimiter = csv.Sniffer().sniff(body.split("\n", maxsplit=1)[0][:512]).delimiter
    rows = [["nan" if cell == "" else cell for cell in line.split(delimiter)] for line in body.strip().split("\n")]
    return xgb.DMatrix(np.array(rows).astype(np.float32))


def predict(matrix: xgb.DMatrix, booster: xgb.Booster) -> Any:
    """Probabilities."""
    return booster.predict(matrix, validate_features=False)


def write(probabilities: Any, accept: str) -> Any:
    """One probability a line."""
    return _worker.Response("\n".join(map(str, probabilities.tolist())), mimetype=accept)


_application = _transformer.Transformer(model_fn=load, input_fn=read, predict_fn=predict, output_fn=write)
_application.initialize()
app = _worker.Worker(transform_fn=_application.transform, module_name="managed_default")
