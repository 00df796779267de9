"""Run `python -m benchmarks.monitoring.data_false_alarms`: how often data quality alarms, and which faults it finds.

Prepares the real data, then replays September to December day by day, with all flights and with every third, against
the baseline of January to August; then plants faults, each on sixteen days of every third flight. Minutes of CPU.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from processing import prepare
from processing.monitoring.captured import Batch
from processing.monitoring.data_quality import DataQuality
from usecase import ingest
from usecase.feature_spec import FeatureSpec

_SPLITS = {"September and October": "validation", "November": "test", "December": "production"}
_FEWEST_ROWS = 90
_SHUFFLED = ("nyc_mean_60", "o_mean_60", "c_mean_180", "p1_slack", "h_fl_mean28", "dep_minute", "wl_dewp")

Fault = Callable[[pd.DataFrame], pd.DataFrame]


class Judge:
    """Judges days against what Prepare wrote."""

    def __init__(self, prepared: Path) -> None:
        self._spec = FeatureSpec.load(prepared / "specification" / "feature_spec.json")
        self._statistics, self._constraints = (
            json.loads((prepared / "baseline" / f"{name}.json").read_text()) for name in ("statistics", "constraints")
        )
        self.names = list(self._spec.names)

    def violations(self, day: pd.DataFrame) -> set[tuple[str, str]]:
        """Feature and check of each violation."""
        monitor = DataQuality(self._statistics, self._constraints, self._spec)
        frame = day.astype({name: np.float64 for name in day.columns if day[name].dtype.kind == "f"})
        unknown = np.full(len(day), np.nan)
        monitor.add(Batch(np.arange(len(day)).astype(object), unknown, frame.reset_index(drop=True), unknown))
        return {(found["feature_name"], found["constraint_check_type"]) for found in monitor.finish().violations}


def main() -> int:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        raw, prepared = Path(folder) / "raw", Path(folder) / "prepared"
        ingest.write_raw_zone(raw)
        if code := prepare.main(["--raw-dir", str(raw), "--output-dir", str(prepared)], {}):
            return code
        judge = Judge(prepared)
        for title, split in _SPLITS.items():
            for step in (1, 3):
                days = list(_days(prepared / split, judge.names, step))
                alarms = [name for name, day in days if judge.violations(day)]
                print(f"{title}, every {step}: {len(alarms)} of {len(days)} days alarm {alarms}", flush=True)
        some = [day for split in ("validation", "production") for _, day in _days(prepared / split, judge.names, 3)]
        _plant(judge, some[1::6])
    return 0


def _days(folder: Path, names: list[str], step: int) -> Iterator[tuple[str, pd.DataFrame]]:
    rows = pd.concat(map(pd.read_parquet, sorted(folder.glob("*.parquet"))), ignore_index=True)
    for name, day in rows.groupby("flight_date"):
        if len(day) >= _FEWEST_ROWS * step:
            yield name, day[names].iloc[::step]


def _plant(judge: Judge, days: list[pd.DataFrame]) -> None:
    clean = [judge.violations(day) for day in days]
    for title, fault in _faults():
        # A violation that the day had before does not count.
        caught = [bool(judge.violations(fault(day.copy())) - before) for day, before in zip(days, clean, strict=True)]
        print(f"{title}: found on {sum(caught)} of {len(days)} days", flush=True)


def _faults() -> Iterator[tuple[str, Fault]]:
    rng = np.random.default_rng(0)
    for name in ("wl_press_d3", "p1_arr_delay", "nyc_mean_60", "carrier"):
        yield f"{name} null", lambda day, name=name: day.assign(**{name: None if name == "carrier" else np.nan})
    yield "°F as °C", lambda day: day.assign(wl_temp=_celsius(day["wl_temp"]), wl_dewp=_celsius(day["wl_dewp"]))
    for name, share in (("carrier", 0.01), ("origin", 0.01), ("dest", 0.05)):
        yield (
            f"new {name} in {share:.0%}",
            lambda day, name=name, share=share: day.assign(
                **{name: day[name].where(rng.random(len(day)) >= share, "ZZ9")}
            ),
        )
    yield "extra column", lambda day: day.assign(new_column=1.0)
    yield "missing column", lambda day: day.drop(columns="wl_temp")
    for one, other in (("wl_temp", "wl_dewp"), ("nyc_mean_60", "o_mean_60"), ("p1_gap", "p1_slack")):
        yield f"{one} and {other} swapped", lambda day, pair=(one, other): _swapped(day, *pair)
    for name in _SHUFFLED:
        yield f"{name} shuffled", lambda day, name=name: day.assign(**{name: rng.permutation(day[name])})


def _celsius(column: pd.Series) -> pd.Series:
    return (column - 32) * 5 / 9


def _swapped(day: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    return day.rename(columns={one: other, other: one})


if __name__ == "__main__":
    sys.exit(main())
