"""Read the input channels: Parquet folders as XGBoost matrices, and the tuned model's report.

Several instances: where SageMaker shards a channel (ShardedByS3Key) an instance trains on the files it got. Where it
replicates (FullyReplicated) every instance keeps each n-th row, starting at its own number: shares of equal size and
of the same mix of months, whatever the number of files.
"""

import hashlib
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from training.errors import ArchiveError, ChannelError
from usecase.feature_spec import FeatureSpec, FeatureSpecError, FeatureValueError

REPORT_NAME = "training_report.json"
SPECIFICATION_NAME = "feature_spec.json"
_TUNED_FIELDS = ("best_iteration", "hyperparameters", "metrics", "rows")


@dataclass(frozen=True)
class Share:
    """Which part of the rows an instance keeps: every `count`-th, starting at `index`."""

    index: int = 0
    count: int = 1


@dataclass(frozen=True)
class Examples:
    """Encoded features and labels."""

    features: pd.DataFrame
    labels: pd.Series

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return len(self.labels)


def load_specification(folder: Path) -> FeatureSpec:
    """Read the feature specification of its channel."""
    try:
        return FeatureSpec.load(folder / SPECIFICATION_NAME)
    except FeatureSpecError as error:
        raise ChannelError(f"channel 'specification': {error}") from error


def parquet_files(name: str, folder: Path) -> list[Path]:
    """All Parquet files of a channel, in a fixed order."""
    if not folder.is_dir():
        raise ChannelError(f"channel {name!r}: folder {folder} does not exist; add the channel to the job's inputs")
    files = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    if not files:
        found = sorted(path.name for path in folder.rglob("*") if path.is_file())[:5]
        raise ChannelError(
            f"channel {name!r}: no *.parquet file in {folder} (found: {', '.join(found) or 'nothing'}); "
            "with ShardedByS3Key use no more instances than files"
        )
    return files


def load_examples(name: str, folders: Sequence[Path], spec: FeatureSpec, share: Share) -> Examples:
    """Read, check and encode the rows of one or more folders, file by file so that raw frames never pile up."""
    parts = [_load_file(name, file, spec, share) for folder in folders for file in parquet_files(name, folder)]
    features = pd.concat([part.features for part in parts], ignore_index=True)
    labels = pd.concat([part.labels for part in parts], ignore_index=True)
    if labels.nunique() < 2:  # noqa: PLR2004 - two classes
        raise ChannelError(
            f"channel {name!r}: {len(labels)} rows with labels {sorted(labels.unique())}; both 0 and 1 must occur"
        )
    return Examples(features, labels)


def fingerprint_files(files: Sequence[Path]) -> str:
    """Identity of the data: a hash over the content of all files."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _load_file(name: str, file: Path, spec: FeatureSpec, share: Share) -> Examples:
    frame = _read(name, file, [*spec.names, spec.label]).iloc[share.index :: share.count]
    labels = frame[spec.label]
    if not labels.isin((0, 1)).all():
        bad = labels[~labels.isin((0, 1))].iloc[0]
        raise ChannelError(f"channel {name!r}, {file.name}: label {spec.label!r} is {bad}; allowed are 0 and 1")
    try:
        return Examples(spec.encode(frame), labels.astype("float32"))
    except FeatureValueError as error:
        raise ChannelError(f"channel {name!r}, {file.name}: {error}") from error


def _read(name: str, file: Path, columns: list[str]) -> pd.DataFrame:
    try:
        present = set(pq.read_schema(file).names)
        missing = [column for column in columns if column not in present]
        if missing:
            raise ChannelError(
                f"channel {name!r}, {file.name}: columns {', '.join(missing)} are missing; the specification names "
                "them, so prepare the data and the specification together"
            )
        return pq.ParquetFile(file).read(columns=columns).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise ChannelError(f"channel {name!r}, {file.name}: not a readable Parquet file ({error})") from error


def load_tuned_report(folder: Path) -> dict[str, Any]:
    """Read the training report in the tuned model's archive, without unpacking anything else."""
    archive = folder / "model.tar.gz"
    try:
        with tarfile.open(archive) as tar:
            member = tar.extractfile(REPORT_NAME)
            report = json.load(member) if member else None
    except FileNotFoundError:
        raise ArchiveError(f"channel 'tuned': {archive} does not exist; give the tuned model.tar.gz") from None
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError) as error:
        raise ArchiveError(
            f"channel 'tuned': {archive} holds no readable {REPORT_NAME} ({error}); "
            "expected the model.tar.gz of this project's training job"
        ) from error
    if not isinstance(report, dict) or not set(_TUNED_FIELDS) <= report.keys():
        raise ArchiveError(f"channel 'tuned': {REPORT_NAME} must hold {', '.join(_TUNED_FIELDS)}; train again")
    return report
