"""The requests of an experiment as arrays: who was assigned and who answered, what both models say, what came true."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.experiment.capture import Captured
from processing.experiment.ground_truth import GroundTruth
from processing.experiment.moments import day_number, day_start
from processing.experiment.plan import Plan
from processing.metrics import Floats
from processing.model_archive import Model, ModelArchiveError
from usecase.feature_spec import FeatureSpec

CHAMPION, CHALLENGER = "champion", "challenger"
VARIANTS = (CHAMPION, CHALLENGER)
_BATCH = 4000


@dataclass(frozen=True)
class Requests:
    """One entry a row of a request, in the order of time. NaN is unknown.

    Attributes:
        moments: Seconds since 1970.
        days: Number of the day (moments.day_number).
        assigned: 0 champion, 1 challenger, -1 another variant.
        served: The same, of who answered.
        shares: Challenger's share when the request was assigned.
        fallbacks: Whether another variant stood in.
        answers: Probability that the client got.
        scores: What each model says: variant → probability.
        labels: 0 or 1.
        first_rows: Whether the row is its request's first: so requests are counted.
        closed: Whether the request's day is closed: its labels are final.
        slices: Column → value.
        counts: duplicates, unscorable, late_labels, labels_of_other_length.
    """

    moments: Floats
    days: NDArray[np.int64]
    assigned: NDArray[np.int64]
    served: NDArray[np.int64]
    shares: Floats
    fallbacks: NDArray[np.bool_]
    answers: Floats
    scores: Mapping[str, Floats]
    labels: Floats
    first_rows: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    slices: Mapping[str, NDArray[Any]]
    counts: Mapping[str, int]

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Rows whose label is final."""
        return self.closed & ~np.isnan(self.labels)

    @property
    def is_scored(self) -> NDArray[np.bool_]:
        """Rows that both models scored."""
        return ~(np.isnan(self.scores[CHAMPION]) | np.isnan(self.scores[CHALLENGER]))


class RequestTable:
    """Collects captured requests batch by batch: only numbers and slice values stay in memory."""

    def __init__(self, plan: Plan, models: Mapping[str, Model]) -> None:
        self._plan, self._models = plan, models
        self._columns = sorted({column for model in models.values() for column in model.spec.slices})
        self._features = tuple(dict.fromkeys(name for model in models.values() for name in model.spec.names))
        self._parts: list[dict[str, Any]] = []
        self._seen: set[str] = set()
        self._counts: Counter[str] = Counter()

    def add(self, captured: Iterable[Captured]) -> None:
        """Score and keep requests; of one id the first that was read counts."""
        for batch in _batches(self._new(captured)):
            rows = [row for request in batch for row in request.rows]
            part: dict[str, Any] = self._scores(batch)
            part.update(_facts(batch, self._plan.day_starts_at_utc_hour))
            part.update({f"slice {column}": [_text(row.get(column)) for row in rows] for column in self._columns})
            self._parts.append(part)

    def finish(self, truth: GroundTruth, now: datetime | None) -> tuple[Requests, datetime | None]:
        """Join the ground truth; without `now`, it is the latest time that the data show."""
        table = {name: np.concatenate([np.asarray(part[name]) for part in self._parts]) for name in self._names()}
        order = np.argsort(table["moment"], kind="stable")
        table = {name: values[order] for name, values in table.items()}
        now = now or _latest(table["moment"], truth)
        labels, closed = self._labels(table, truth, now)
        unscored = np.isnan(table[CHAMPION]) | np.isnan(table[CHALLENGER])
        self._counts["unscorable"] = int(unscored.sum())
        requests = Requests(
            moments=table["moment"].astype(np.float64),
            days=table["day"].astype(np.int64),
            assigned=table["assigned"].astype(np.int64),
            served=table["served"].astype(np.int64),
            shares=table["share"].astype(np.float64),
            fallbacks=table["fallback"].astype(np.bool_),
            answers=table["answer"].astype(np.float64),
            scores={name: table[name].astype(np.float64) for name in VARIANTS},
            labels=labels,
            first_rows=table["row"] == 0,
            closed=closed,
            slices={column: table[f"slice {column}"] for column in self._columns},
            counts=dict(self._counts),
        )
        return requests, now

    def _new(self, captured: Iterable[Captured]) -> Iterator[Captured]:
        for request in captured:
            if request.id in self._seen:
                self._counts["duplicates"] += 1
            else:
                self._seen.add(request.id)
                yield request

    def _scores(self, batch: Sequence[Captured]) -> dict[str, Floats]:
        """Each model's probabilities; NaN where a row does not fit the model."""
        rows: list[Mapping[str, Any]] = []
        for request in batch:
            served = self._models.get(request.variant, self._models[CHAMPION]).spec
            rows.extend(_with_names(row, served) for row in request.rows)
        # A feature that a request leaves out is missing, as on the server.
        frame = pd.DataFrame({name: [row.get(name) for row in rows] for name in self._features})
        found = {}
        for name, model in self._models.items():
            features = model.spec.names
            fits = np.array([any(feature in row for feature in features) for row in rows], dtype=np.bool_)
            found[name] = np.full(len(rows), np.nan)
            found[name][fits] = _predict_what_fits(model, frame[fits])
        return found

    def _names(self) -> list[str]:
        if not self._parts:
            empty: dict[str, Any] = {name: np.empty(0) for name in VARIANTS}
            empty.update(_facts((), 0))
            empty.update({f"slice {column}": np.empty(0, dtype=object) for column in self._columns})
            self._parts.append(empty)
        return list(self._parts[0])

    def _labels(
        self, table: Mapping[str, NDArray[Any]], truth: GroundTruth, now: datetime | None
    ) -> tuple[Floats, NDArray[np.bool_]]:
        labels = np.full(len(table["id"]), np.nan)
        delay, starts = timedelta(hours=self._plan.label_delay_hours), self._plan.day_starts_at_utc_hour
        closes = {day: day_start(int(day) + 1, starts) + delay for day in np.unique(table["day"])}
        for place, (request, day, row, rows) in enumerate(
            zip(table["id"], table["day"], table["row"], table["rows"], strict=True)
        ):
            known, is_late = truth.of(request, closes[day] if now is None else min(closes[day], now))
            self._counts["late_labels"] += is_late
            if known is not None and len(known) != rows:
                self._counts["labels_of_other_length"] += 1
            elif known is not None:
                labels[place] = known[int(row)]
        is_closed = {day: now is not None and closes[day] <= now for day in closes}
        return labels, np.array([is_closed[day] for day in table["day"]], dtype=np.bool_)


def _facts(batch: Sequence[Captured], starts: int) -> dict[str, Any]:
    def repeat(values: Iterable[Any], kind: Any) -> NDArray[Any]:
        each = zip(batch, values, strict=True)
        return np.array([value for request, value in each for _ in request.rows], dtype=kind)

    return {
        "id": repeat((request.id for request in batch), object),
        "moment": repeat((request.moment.timestamp() for request in batch), np.float64),
        "day": repeat((day_number(request.moment, starts) for request in batch), np.int64),
        "assigned": repeat((_code(request.assigned) for request in batch), np.int64),
        "served": repeat((_code(request.variant) for request in batch), np.int64),
        "share": repeat((np.nan if request.share is None else request.share for request in batch), np.float64),
        "fallback": repeat((request.fallback for request in batch), np.bool_),
        "rows": repeat((len(request.rows) for request in batch), np.int64),
        "row": np.array([row for request in batch for row in range(len(request.rows))], dtype=np.int64),
        "answer": np.array([value for request in batch for value in request.probabilities], dtype=np.float64),
    }


def _code(variant: str) -> int:
    return VARIANTS.index(variant) if variant in VARIANTS else -1


def _with_names(row: Mapping[str, Any], spec: FeatureSpec) -> Mapping[str, Any]:
    """Columns without a header are the features in the order of the model that answered."""
    if "#0" not in row:
        return row
    return dict(zip(spec.names, row.values(), strict=False)) if len(row) == len(spec.names) else {}


def _predict_what_fits(model: Model, frame: pd.DataFrame) -> Floats:
    """Halve until the rows that do not fit stand alone."""
    if frame.empty:
        return np.empty(0)
    try:
        return model.predict(frame)
    except (ModelArchiveError, TypeError, ValueError, OverflowError):
        if len(frame) == 1:
            return np.array([np.nan])
        middle = len(frame) // 2
        # Columns as they would be without the other rows: one odd value makes a column of objects.
        parts = (frame.iloc[:middle].infer_objects(), frame.iloc[middle:].infer_objects())
        return np.concatenate([_predict_what_fits(model, part) for part in parts])


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _latest(moments: Floats, truth: GroundTruth) -> datetime | None:
    seen = [truth.latest] if truth.latest else []
    if len(moments):
        seen.append(datetime.fromtimestamp(float(moments[-1]), tz=UTC))
    return max(seen, default=None)


def _batches(captured: Iterator[Captured]) -> Iterator[list[Captured]]:
    while batch := list(islice(captured, _BATCH)):
        yield batch
