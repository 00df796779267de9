"""Read a channel of XGBoost's algorithm mode: CSV, libsvm or Parquet, label first."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import scipy.sparse
import xgboost
from sklearn.datasets import load_svmlight_file

from local_aws.containers.toolkit.errors import ClientError

_FORMATS = {
    "csv": "csv",
    "text/csv": "csv",
    "libsvm": "libsvm",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
    "parquet": "parquet",
    "application/x-parquet": "parquet",
}


@dataclass
class Table:
    """A channel's rows."""

    features: Any
    label: Any
    weight: Any = None

    def matrix(self, columns: int) -> Any:
        """Return the rows as a DMatrix of so many columns (sparse files do not tell how many there are)."""
        features = self.features
        if scipy.sparse.issparse(features):
            features.resize((features.shape[0], columns))
        return xgboost.DMatrix(features, label=self.label, weight=self.weight)


def file_format(content_type: str | None) -> str:
    """Return the format a channel's ContentType names; without one it is libsvm, as in the image.

    Raises:
        ClientError: The image does not take it, or this simulation does not.
    """
    kind = (content_type or "text/libsvm").partition(";")[0].strip().lower()
    if kind not in _FORMATS:
        raise ClientError(
            f"ClientError: {content_type!r} is not an accepted ContentType here; use one of {', '.join(_FORMATS)}"
        )
    return _FORMATS[kind]


def read(folder: Path, content_type: str | None, *, csv_weights: bool) -> Table | None:
    """Read all files of a channel; None where there are none.

    Raises:
        ClientError: A file is not what the ContentType says.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    paths = [path for path in paths if path.stat().st_size]
    kind = file_format(content_type)
    if not paths:
        return None
    if kind == "libsvm":
        return _read_libsvm(paths, content_type)
    return _label_first(np.concatenate([_read_dense(path, kind) for path in paths]), csv_weights=csv_weights)


def _read_dense(path: Path, kind: str) -> Any:
    try:
        if kind == "parquet":
            return pq.read_table(path).to_pandas().to_numpy(dtype=np.float32)
        return pd.read_csv(path, header=None, dtype=np.float32).to_numpy()
    except (ValueError, OSError) as error:
        hint = " A CSV must have no header, and numbers only." if kind == "csv" else ""
        raise ClientError(f"ClientError: Failed to load {kind} data of {path}: {error}.{hint}") from error


def _label_first(values: Any, *, csv_weights: bool) -> Table:
    first_feature = 2 if csv_weights else 1
    if values.shape[1] <= first_feature:
        raise ClientError(f"ClientError: {values.shape[1]} columns leave no feature after the label and the weight")
    if np.isnan(values[:, 0]).any():
        raise ClientError("ClientError: the label, which is the first column, has missing values")
    return Table(values[:, first_feature:], values[:, 0], values[:, 1] if csv_weights else None)


def _read_libsvm(paths: list[Path], content_type: str | None) -> Table:
    parts = []
    for path in paths:
        try:
            parts.append(load_svmlight_file(str(path), dtype=np.float32, zero_based=True))
        except ValueError as error:
            hint = (
                "" if content_type else " The channel has no ContentType, so it is read as libsvm; CSV needs text/csv."
            )
            raise ClientError(f"ClientError: Failed to load libsvm data of {path}: {error}.{hint}") from error
    columns = max(features.shape[1] for features, _ in parts)
    for features, _ in parts:
        features.resize((features.shape[0], columns))
    return Table(
        scipy.sparse.vstack([features for features, _ in parts], format="csr"), np.concatenate([y for _, y in parts])
    )
