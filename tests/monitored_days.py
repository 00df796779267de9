"""Days of a variant's traffic, and the monitor job run over them as a process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from processing import baseline
from processing.evaluate import main as evaluate
from processing.model_archive import Model, open_model
from processing.monitor import main as monitor
from tests.captured_traffic import capture_line, label_line, rows_of
from tests.prepared_data import SPEC, flights, write_prepared
from tests.trained_model import train

ROOT = Path(__file__).resolve().parent.parent
FIRST = date(2026, 1, 1)
PER_DAY = 240
Change = Callable[[pd.DataFrame], pd.DataFrame]


def write_baselines(root: Path) -> None:
    """Write a served model with its baselines, by the jobs that write them: model, baseline, evaluation."""
    prepared = write_prepared(root / "prepared", rows=1500)
    folder = train(prepared, root / "training")
    (root / "model").mkdir()
    shutil.copy(folder / "model.tar.gz", root / "model")
    flags = [f"--{name}-dir={prepared / name}" for name in ("test", "validation", "train", "specification")]
    flags += [f"--model-dir={folder}", f"--tuned-dir={folder}", f"--output-dir={root}", "--bootstrap-resamples=20"]
    assert evaluate(flags, {}) == 0
    rows = pd.concat(pd.read_parquet(file) for file in sorted((prepared / "train").glob("*.parquet")))
    features = rows[list(SPEC.names)].reset_index(drop=True)
    (root / "baseline").mkdir()
    documents = {
        "statistics": baseline.statistics(features),
        "constraints": baseline.constraints(features, rows["flight_date"].dt.month.to_numpy()),
    }
    for name, document in documents.items():
        (root / "baseline" / f"{name}.json").write_text(json.dumps(document))


class MonitoredVariant:
    """A variant's capture and ground truth below a folder, day by day, and its monitor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._model: Model | None = None

    @property
    def model(self) -> Model:
        """The served model."""
        self._model = self._model or open_model(self.root / "model", "served")
        return self._model

    def day(self, number: int) -> date:
        """The day of a number."""
        return FIRST + timedelta(days=number)

    def folder(self, kind: str, number: int) -> Path:
        """The folder of a day, as the job gets it mounted."""
        return self.root / kind / f"{self.day(number):%Y/%m/%d}"

    def serve(
        self, number: int, *, rows: int = PER_DAY, change: Change | None = None, labelled_after: float | None = 0
    ) -> pd.DataFrame:
        """Write a day of requests, and their labels as collected after some days; None is never."""
        frame = flights(rows, seed=9000 + number, month=1)
        frame["flight_id"] = [f"d{number}-{row}" for row in range(rows)]
        sent = frame if change is None else change(frame.copy())
        scores = self.model.predict(frame)
        start = datetime.combine(self.day(number), datetime.min.time(), UTC)
        for row, (request, score) in enumerate(zip(rows_of(sent), scores, strict=True)):
            moment = start + timedelta(seconds=86400 * row / rows)
            self.append("capture", moment, capture_line(request, float(score), moment))
            if labelled_after is not None:
                self.label(request["flight_id"], int(frame["label"][row]), moment + timedelta(days=labelled_after))
        return frame

    def label(self, request: str, label: object, collected: datetime) -> None:
        """Write one label into the hour of its collection."""
        self.append("ground-truth", collected, label_line(request, label))

    def append(self, kind: str, moment: datetime, line: str) -> None:
        """Append a line to an hour's file."""
        file = self.root / kind / f"{moment:%Y/%m/%d/%H}" / "part.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")

    def command(self, number: int, *flags: str, state: int | None = None) -> list[str]:
        """The command of the job for a day; its state is that of the day before unless another day is given."""
        for kind in ("capture", "ground-truth"):
            self.folder(kind, number).mkdir(parents=True, exist_ok=True)
        before = self.output(number - 1 if state is None else state) / "state"
        given = {
            "endpoint": "flights",
            "variant": "champion",
            "model-version": "1",
            "day": self.day(number).isoformat(),
            "capture-dir": self.folder("capture", number),
            "ground-truth-dir": self.folder("ground-truth", number),
            "state-dir": before,
            "model-dir": self.root / "model",
            "baseline-dir": self.root / "baseline",
            "evaluation-dir": self.root / "evaluation",
            "output-dir": self.output(number),
            "message-file": self.root / "message",
        }
        pairs = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return [sys.executable, "-m", "processing", "monitor", *pairs, *flags]

    def output(self, number: int) -> Path:
        """Where a day's run writes."""
        return self.root / "monitoring" / f"{self.day(number):%Y/%m/%d}"

    def run(self, number: int, *flags: str, expect: int = 0, state: int | None = None) -> dict:
        """Run a day's job in this process; return its report, or on failure {"reason": …}."""
        code = monitor([*self.command(number, state=state)[4:], *flags], {})
        message = self.root / "message"
        assert code == expect, message.read_text() if message.is_file() else "no message"
        return {"reason": message.read_text()} if expect else self.read(number, "report.json")

    def run_process(self, number: int, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run a day's job as SageMaker does, as a process."""
        command = [*self.command(number), *flags]
        return subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False)

    def run_and_kill(self, number: int, seconds: float) -> bool:
        """Start a day's job and kill it after some time; return whether it was still running."""
        process = subprocess.Popen(
            self.command(number), cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        is_running = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        return is_running

    def read(self, number: int, name: str) -> dict:
        """A file of a day's output."""
        document: dict = json.loads((self.output(number) / name).read_text())
        return document

    def metrics(self, number: int) -> dict[tuple[str, str], float]:
        """(monitor, metric) → value; monitor is "" for metrics of the whole run."""
        found = {}
        for entry in self.read(number, "metrics.json")["MetricData"]:
            dimensions = {pair["Name"]: pair["Value"] for pair in entry["Dimensions"]}
            found[dimensions.get("Monitor", ""), entry["MetricName"]] = entry["Value"]
        return found

    def violations(self, number: int, kind: str) -> Sequence[dict]:
        """A kind's violations."""
        found: list[dict] = self.read(number, f"{kind}/constraint_violations.json")["violations"]
        return found


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder, but for how long things took."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report = json.loads(found["report.json"])
    for part in (report, *report["monitors"].values()):
        part["seconds"] = 0
    return found | {"report.json": json.dumps(report).encode()}


def shuffled(frame: pd.DataFrame, column: str, seed: int = 3) -> pd.DataFrame:
    """The frame with one column's values permuted."""
    frame[column] = np.random.default_rng(seed).permutation(frame[column].to_numpy())
    return frame


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}
