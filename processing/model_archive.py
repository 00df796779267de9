"""Open a model.tar.gz of the training job: the Booster, its feature specification and its training report."""

import json
import os
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from processing.metrics import Floats
from usecase.feature_spec import FeatureSpec, FeatureSpecError, FeatureValueError

ARCHIVE_NAME = "model.tar.gz"
_NEEDED = ("model.ubj", "feature_spec.json", "training_report.json")
# A model of this project takes a few megabytes: more than this is a mistake or an attack, not a model.
_MAX_BYTES = 2 * 1024**3


class ModelArchiveError(Exception):
    """A model archive that cannot be used; the text is fit for a failure reason."""


@dataclass(frozen=True)
class Model:
    """A trained model as it was archived."""

    booster: xgb.Booster
    spec: FeatureSpec
    report: dict[str, Any]

    @property
    def trees(self) -> int:
        """Trees of the model; this project grows one a round."""
        return int(self.booster.num_boosted_rounds())

    def matrix(self, frame: pd.DataFrame) -> xgb.DMatrix:
        """The rows as this model reads them."""
        try:
            encoded = self.spec.encode(frame)
        except FeatureValueError as error:
            raise ModelArchiveError(f"the model cannot score the prepared rows: {error}") from error
        return xgb.DMatrix(encoded, enable_categorical=True)

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Probability of the label 1 for each row."""
        return np.asarray(self.booster.predict(self.matrix(frame)), dtype=np.float64)


def open_model(folder: Path, role: str) -> Model:
    """Load the model of a role (`candidate`, `tuned`, `champion`) from its folder's model.tar.gz."""
    archive = folder / ARCHIVE_NAME
    if not archive.is_file():
        raise ModelArchiveError(f"{role} model: {archive} does not exist; give the job a training job's model.tar.gz")
    with tempfile.TemporaryDirectory() as unpacked:
        _unpack(archive, Path(unpacked), role)
        return _read(Path(unpacked), f"{role} model {archive}")


def find_champion(folder: Path | None) -> Path | None:
    """The folder under a prefix that holds the champion's archive; None before the first release."""
    if folder is None or not folder.is_dir():
        return None
    found = sorted(folder.rglob(ARCHIVE_NAME))
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        raise ModelArchiveError(f"champion prefix {folder}: {len(found)} archives ({names}); exactly one is allowed")
    return found[0].parent if found else None


def _unpack(archive: Path, target: Path, role: str) -> None:
    """Extract only the files that are needed, as plain files of bounded size, whatever the archive claims."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = os.path.normpath(member.name)
                if name in _NEEDED and member.isfile():
                    _extract(tar, member, target / name)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ModelArchiveError(f"{role} model: {archive} is not a readable tar.gz ({error}); train again") from error
    missing = [name for name in _NEEDED if not (target / name).is_file()]
    if missing:
        raise ModelArchiveError(
            f"{role} model: {archive} lacks {', '.join(missing)}; expected an archive of this project's training job"
        )


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if member.size > _MAX_BYTES:
        raise tarfile.TarError(f"{member.name} claims {member.size} bytes, allowed are {_MAX_BYTES}")
    stream = tar.extractfile(member)
    if stream is not None:
        target.write_bytes(stream.read())


def _read(folder: Path, where: str) -> Model:
    booster = xgb.Booster()
    try:
        booster.load_model(folder / "model.ubj")
        report = json.loads((folder / "training_report.json").read_text(encoding="utf-8"))
        return Model(booster, FeatureSpec.load(folder / "feature_spec.json"), report)
    except (xgb.core.XGBoostError, ValueError, FeatureSpecError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelArchiveError(f"{where}: its content is damaged ({reason}); train again") from error
