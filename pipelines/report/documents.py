"""Read a run folder tolerantly: what is missing, of another type or not finite is None, never an exception."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

FILES = {
    "summary": "summary.json",
    "steps": "steps.json",
    "tuning": "tuning.json",
    "execution": "execution.json",
    "definition": "definition.json",
    "evaluation": "evaluation/evaluation.json",
    "curves": "evaluation/curves.json",
    "model_card": "evaluation/model_card.json",
    "data": "data_report.json",
    "features": "feature_spec.json",
}

# No measured number is larger; what is, is a fault of the file and would break a chart.
_LARGEST = 1e15

# A key, or spellings of it of which the first present one counts (AWS writes StartTime, we write start).
Key = str | tuple[str, ...]


class MissingPartError(Exception):
    """A section cannot be drawn; the message is the sentence that takes its place."""


@dataclass(frozen=True)
class Document:
    """One JSON value, read by path. Absent paths give an empty document."""

    value: Any = None

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return self.value not in (None, {}, [], "")

    def at(self, *path: Key) -> Self:
        """Return the value at the path."""
        value = self.value
        for key in path:
            names = (key,) if isinstance(key, str) else key
            inside = value if isinstance(value, Mapping) else {}
            value = next((inside[name] for name in names if inside.get(name) is not None), None)
        return type(self)(value)

    def number(self, *path: Key) -> float | None:
        """Return a finite number; a metric written as {"value": x} counts as x."""
        value = self.at(*path).value
        if isinstance(value, Mapping):
            value = value.get("value")
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _LARGEST:
            return None
        return float(value) if value == value else None  # noqa: PLR0124  NaN is the only number that is not itself

    def text(self, *path: Key) -> str:
        """Return a text, "" where there is none."""
        value = self.at(*path).value
        return "" if value is None or isinstance(value, Mapping | list) else str(value)

    def flag(self, *path: Key) -> bool:
        """Return whether a boolean is there and true."""
        return self.at(*path).value is True

    def rows(self, *path: Key) -> list[Self]:
        """Return the items of a list, or the values of an object with their key as `name`."""
        value = self.at(*path).value
        if isinstance(value, Mapping):
            value = [{"name": key, **item} for key, item in value.items() if isinstance(item, Mapping)]
        return [type(self)(item) for item in value] if isinstance(value, list) else []

    def numbers(self, *path: Key) -> list[float]:
        """Return the finite numbers of a list."""
        return [number for item in self.rows(*path) if (number := item.number()) is not None]

    def items(self, *path: Key) -> Iterator[tuple[str, Self]]:
        """Yield the entries of an object."""
        value = self.at(*path).value
        if isinstance(value, Mapping):
            yield from ((str(key), type(self)(item)) for key, item in value.items())

    def moment(self, *path: Key) -> datetime | None:
        """Return a time given as ISO 8601 or as epoch seconds."""
        seconds = self.number(*path)
        try:
            if seconds is not None:
                return datetime.fromtimestamp(seconds, UTC)
            moment = datetime.fromisoformat(self.text(*path))
        except (ValueError, OverflowError, OSError):
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RunFolder:
    """All documents of a run."""

    path: Path
    documents: Mapping[str, Document]
    faults: Mapping[str, str]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read every file that is there."""
        documents, faults = {}, {}
        for name, file in FILES.items():
            documents[name], faults[name] = _read(path, file)
        return cls(path, documents, {name: fault for name, fault in faults.items() if fault})

    def __getitem__(self, name: str) -> Document:
        """Return a document, an empty one where its file is missing."""
        return self.documents[name]

    def need(self, name: str) -> Document:
        """Return a document.

        Raises:
            MissingPartError: It is not there.
        """
        if name in self.faults:
            raise MissingPartError(f"{self.faults[name]}{self._why()}")
        return self.documents[name]

    def _why(self) -> str:
        steps = self["steps"].rows("steps") or self["steps"].rows()
        ended = [step.text("name") for step in steps if step.text("status") in ("Failed", "Stopped")]
        return f" The run ended at step {ended[0]}, before it could be written." if ended else ""


def _read(folder: Path, file: str) -> tuple[Document, str]:
    try:
        return Document(json.loads((folder / file).read_text(encoding="utf-8"))), ""
    except OSError:
        return Document(), f"There is no {file} in the run folder."
    except (ValueError, RecursionError) as error:
        return Document(), f"{file} cannot be read as JSON ({error})."


def _parsed(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
