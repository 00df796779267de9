"""Join the labels collected on a day with the requests of that day and with those that still wait for theirs.

Labels come late, twice, out of order, before their request, for requests nobody knows, or never. The rules:

- A request is judged once, in the run of the day on which its label was collected (or in that of its own day, if the
  label was there first). A run reads the labels collected on its day only, so none is read twice.
- Of several labels of a request the first collected counts (by hour folder, file name, line): what was judged stays.
- A label of an unknown id waits one day for its request, then it is counted as unmatched.
- A request waits for `horizon_days` after its own day, then it is counted as expired.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.metrics import Floats, Labels
from processing.monitoring.captured import Batch
from processing.monitoring.ground_truth import read_labels
from processing.monitoring.pending import DayCount, State, Waiting, read_state


@dataclass(frozen=True)
class Labelled:
    """Requests whose label was found, one entry each; `slices` has one column of text a slice column."""

    ids: NDArray[np.object_]
    moments: Floats
    probabilities: Floats
    labels: Labels
    slices: pd.DataFrame


@dataclass(frozen=True)
class Joined:
    """What a run found and what it leaves.

    Attributes:
        labelled: The requests judged in this run.
        counts: label_lines, broken_label_lines, repeated_labels, unmatched_labels, early_labels (waiting),
            requests, repeated_requests, unknown_probabilities, judged, pending, expired_requests; and of the day whose
            labels are due (`wait_days` before this one) due and due_labelled.
        state: For the next run.
    """

    labelled: Labelled
    counts: Counter[str]
    state: State


def join(
    batches: Iterable[Batch],
    *,
    ground_truth: Path,
    state: Path | None,
    day: date,
    slices: Sequence[str],
    wait_days: int = 1,
    horizon_days: int = 7,
) -> Joined:
    """Join a day.

    Args:
        batches: The requests captured on the day.
        ground_truth: Folder of the labels collected on the day.
        state: Folder that the run of the day before wrote; None for the first run.
        day: The day, in UTC.
        slices: Columns to keep for each request; those that no request has are left empty.
        wait_days: After so many days a label is missed.
        horizon_days: After so many days nobody waits for it any more.
    """
    counts: Counter[str] = Counter()
    known = read_state(state, slices)
    for batch in batches:
        _receive(known, batch, counts)
    labels = _collect(known, read_labels(ground_truth, day, counts), counts)
    judged = _judge(known, labels)
    _expire(known, day - timedelta(days=horizon_days), counts)
    due = known.days.get(day - timedelta(days=wait_days), DayCount())
    counts.update(judged=len(judged.ids), pending=len(known.pending), early_labels=len(known.early))
    counts.update(due=due.requests, due_labelled=due.labelled)
    return Joined(judged, counts, known)


def _receive(known: State, batch: Batch, counts: Counter[str]) -> None:
    """Let the requests of a batch wait; of one id the first counts."""
    values = [_texts(batch, column) for column in known.columns]
    rows = zip(*values, strict=True) if values else [()] * len(batch.ids)
    for id_, moment, probability, row in zip(
        batch.ids.tolist(), batch.moments.tolist(), batch.probabilities.tolist(), rows, strict=True
    ):
        counts["requests"] += 1
        if id_ in known.pending:
            counts["repeated_requests"] += 1
        elif not 0 <= probability <= 1:
            counts["unknown_probabilities"] += 1
        else:
            known.pending[id_] = Waiting(moment, probability, tuple(row))
            known.days.setdefault(_day(moment), DayCount()).requests += 1


def _texts(batch: Batch, column: str) -> list[str]:
    if column not in batch.frame.columns:
        return [""] * len(batch.ids)
    values = batch.frame[column].tolist()
    return ["" if value is None or value != value else str(value) for value in values]  # noqa: PLR0124 - NaN


def _collect(known: State, found: Iterable[tuple[str, int]], counts: Counter[str]) -> dict[str, int]:
    """The labels of this run by id: those that came before their request, then the first collected today."""
    waited, known.early = known.early, {}
    labels = {id_: label for id_, label in waited.items() if id_ in known.pending}
    counts["unmatched_labels"] += len(waited) - len(labels)
    for id_, label in found:
        target = labels if id_ in known.pending else known.early
        if id_ in target:
            counts["repeated_labels"] += 1
        else:
            target[id_] = label
    return labels


def _judge(known: State, labels: dict[str, int]) -> Labelled:
    """Take the labelled requests out of the waiting ones."""
    # In the order of arrival, whatever the order of the labels.
    ids = [id_ for id_ in known.pending if id_ in labels]
    taken = [known.pending.pop(id_) for id_ in ids]
    for waiting in taken:
        known.days.setdefault(_day(waiting.moment), DayCount()).labelled += 1
    return Labelled(
        ids=np.array(ids, dtype=object),
        moments=np.array([waiting.moment for waiting in taken], dtype=np.float64),
        probabilities=np.array([waiting.probability for waiting in taken], dtype=np.float64),
        labels=np.array([labels[id_] for id_ in ids], dtype=np.int8),
        slices=_frame([waiting.slices for waiting in taken], known.columns),
    )


def _frame(rows: list[tuple[str, ...]], columns: Sequence[str]) -> pd.DataFrame:
    values: dict[str, Any] = {column: [row[place] for row in rows] for place, column in enumerate(columns)}
    return pd.DataFrame(values, index=range(len(rows)), columns=list(columns), dtype=object)


def _expire(known: State, last: date, counts: Counter[str]) -> None:
    """Give up requests of that day and earlier ones."""
    ids = [id_ for id_, waiting in known.pending.items() if _day(waiting.moment) <= last]
    for id_ in ids:
        del known.pending[id_]
    counts["expired_requests"] += len(ids)
    known.days = {day: count for day, count in known.days.items() if day > last}


def _day(moment: float) -> date:
    return datetime.fromtimestamp(moment, tz=UTC).date()
