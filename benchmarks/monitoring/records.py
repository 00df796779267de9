"""A day of captured requests: as many records as wanted, forty features each, in data capture's layout."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from usecase.feature_spec import Feature, FeatureSpec

DAY = date(2026, 1, 2)
_NUMBERS, _TEXTS, _MISSING = 37, 3, 0.1
_CATEGORIES = ("AA", "B6", "DL", "EV", "MQ", "UA", "US", "WN")
# Rows repeat after so many: making text is not what is measured.
_DISTINCT = 20_000

SPEC = FeatureSpec(
    features=(
        *(Feature(f"text_{n}", "categorical", "", "", vocabulary=_CATEGORIES) for n in range(_TEXTS)),
        *(Feature(f"number_{n}", "numeric", "", "") for n in range(_NUMBERS)),
    ),
    label="label",
    metadata=(),
    slices=(),
    horizon_hours=2.0,
    split_months={"train": (1,)},
    data_version="benchmark",
)


def rows(count: int, seed: int) -> pd.DataFrame:
    """Rows of three texts and numbers of which one in ten is missing."""
    random = np.random.default_rng(seed)
    numbers = np.round(random.normal(50, 20, (count, _NUMBERS)), 3)
    numbers[random.random(numbers.shape) < _MISSING] = np.nan
    texts = {f"text_{n}": random.choice(_CATEGORIES, count) for n in range(_TEXTS)}
    return pd.DataFrame(texts | {f"number_{n}": numbers[:, n] for n in range(_NUMBERS)})


def write_records(folder: Path, count: int) -> None:
    """Write the records of a day, a file an hour."""
    payloads = rows(min(_DISTINCT, count), seed=1).to_csv(index=False, header=False, lineterminator="\n").splitlines()
    for hour in range(24):
        file = folder / f"{DAY:%Y/%m/%d}" / f"{hour:02d}" / "records.jsonl"
        file.parent.mkdir(parents=True)
        first, last = count * hour // 24, count * (hour + 1) // 24
        with file.open("w") as stream:
            stream.writelines(_lines(payloads, hour, first, last))


def _lines(payloads: list[str], hour: int, first: int, last: int) -> Iterator[str]:
    record = {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "@data", "encoding": "CSV"},
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"predictions": [{"probability": 0.123456789, "label": 0, "model_version": "1"}]}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": "00000000-0000-0000-0000-@number",
            "inferenceId": "flight-@number",
            "inferenceTime": f"{DAY}T{hour:02d}:30:00Z",
        },
        "eventVersion": "0",
    }
    before, between, middle, after = json.dumps(record).replace("@number", "@data").split("@data")
    for number in range(first, last):
        yield f"{before}{payloads[number % len(payloads)]}{between}{number:012d}{middle}{number:012d}{after}\n"
