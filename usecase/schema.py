"""The raw tables: columns, types, ranges, allowed values and row rules. `processing.validation` applies them.

Decisions a reader would question:

- A weather reading outside what instruments on earth can show (one wind of 1048 mph) is one sensor's fault: the *value*
  is set to missing and counted, the observation's other readings stay.
- A value outside its range in any other table means that the row cannot be trusted: the row is rejected.
- A flight that never departed or never arrived is no fault: it is accepted (see `usecase.dataset`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

ColumnType = Literal["integer", "number", "text", "time"]
OutOfRange = Literal["reject", "nullify"]


@dataclass(frozen=True)
class Column:
    """One column: what a value may be, and what to do with one outside its range."""

    name: str
    type: ColumnType
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    out_of_range: OutOfRange = "reject"


@dataclass(frozen=True)
class RowRule:
    """A rule over several columns; `broken` marks the rows that break it, `column` is named in the rejection."""

    reason: str
    column: str
    broken: Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Table:
    """One raw table; no two accepted rows share the values of `key`."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[RowRule, ...] = ()
    monthly: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


ORIGINS = ("EWR", "JFK", "LGA")


def _whole(name: str, minimum: float | None = None, maximum: float | None = None, *, nullable: bool = False) -> Column:
    return Column(name, "integer", nullable=nullable, minimum=minimum, maximum=maximum)


def _text(name: str, *, nullable: bool = False, allowed: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", nullable=nullable, allowed=allowed)


def _number(name: str, minimum: float, maximum: float, *, nullable: bool = False) -> Column:
    return Column(name, "number", nullable=nullable, minimum=minimum, maximum=maximum)


def _reading(name: str, minimum: float, maximum: float) -> Column:
    return Column(name, "number", nullable=True, minimum=minimum, maximum=maximum, out_of_range="nullify")


_DATE = (_whole("year", 2013, 2013), _whole("month", 1, 12), _whole("day", 1, 31))


def _no_such_day(frame: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(frame[["year", "month", "day"]], errors="coerce").isna()


def _bad_clock(frame: pd.DataFrame) -> pd.Series:
    return frame["sched_dep_time"] != frame["hour"] * 100 + frame["minute"]


def _bad_arrival_clock(frame: pd.DataFrame) -> pd.Series:
    return frame["sched_arr_time"] % 100 >= 60  # noqa: PLR2004 - minutes of an hour


def _arrived_without_departure(frame: pd.DataFrame) -> pd.Series:
    return frame["arr_delay"].notna() & frame["dep_delay"].isna()


def _hour_far_from_date(frame: pd.DataFrame) -> pd.Series:
    """New York is four or five hours behind UTC: the record's hour must say the same as its date and clock."""
    local = pd.to_datetime(frame[["year", "month", "day"]], errors="coerce") + pd.to_timedelta(frame["hour"], "h")
    offset = (frame["time_hour"].dt.tz_localize(None) - local) / pd.Timedelta(hours=1)
    return ~offset.isin([4.0, 5.0])


FLIGHTS = Table(
    name="flights",
    monthly=True,
    key=("year", "month", "day", "carrier", "flight", "origin", "sched_dep_time"),
    columns=(
        *_DATE,
        _whole("dep_time", 1, 2400, nullable=True),
        _whole("sched_dep_time", 0, 2359),
        _whole("dep_delay", -120, 2880, nullable=True),
        _whole("arr_time", 1, 2400, nullable=True),
        _whole("sched_arr_time", 0, 2400),
        _whole("arr_delay", -180, 2880, nullable=True),
        _text("carrier"),
        _whole("flight", 1, 9999),
        _text("tailnum", nullable=True),
        _text("origin", allowed=ORIGINS),
        _text("dest"),
        _whole("air_time", 1, 1440, nullable=True),
        _number("distance", 1, 6000),
        _whole("hour", 0, 23),
        _whole("minute", 0, 59),
        Column("time_hour", "time"),
    ),
    rules=(
        RowRule("no such day", "day", _no_such_day),
        RowRule("differs from hour and minute", "sched_dep_time", _bad_clock),
        RowRule("is no time of day", "sched_arr_time", _bad_arrival_clock),
        RowRule("differs from date and hour", "time_hour", _hour_far_from_date),
        RowRule("arrived without a departure", "arr_delay", _arrived_without_departure),
    ),
)

WEATHER = Table(
    name="weather",
    monthly=True,
    key=("origin", "time_hour"),
    columns=(
        _text("origin", allowed=ORIGINS),
        *_DATE,
        _whole("hour", 0, 23),
        _reading("temp", -60, 135),
        _reading("dewp", -80, 100),
        _reading("humid", 0, 100),
        _reading("wind_dir", 0, 360),
        _reading("wind_speed", 0, 150),
        _reading("wind_gust", 0, 200),
        _reading("precip", 0, 15),
        _reading("pressure", 850, 1100),
        _reading("visib", 0, 100),
        Column("time_hour", "time"),
    ),
    rules=(RowRule("no such day", "day", _no_such_day),),
)

PLANES = Table(
    name="planes",
    key=("tailnum",),
    columns=(
        _text("tailnum"),
        _whole("year", 1900, 2013, nullable=True),
        _text("type"),
        _text("manufacturer"),
        _text("model"),
        _whole("engines", 1, 8),
        _whole("seats", 1, 900),
        _number("speed", 1, 1500, nullable=True),
        _text("engine"),
    ),
)

AIRPORTS = Table(
    name="airports",
    key=("faa",),
    columns=(
        _text("faa"),
        _text("name"),
        _number("lat", -90, 90),
        _number("lon", -180, 180),
        _number("alt", -1500, 20000),
        _number("tz", -12, 14),
        _text("dst", allowed=("A", "E", "N", "O", "S", "U", "Z")),
        _text("tzone", nullable=True),
    ),
)

AIRLINES = Table(name="airlines", key=("carrier",), columns=(_text("carrier"), _text("name")))

TABLES: dict[str, Table] = {table.name: table for table in (FLIGHTS, WEATHER, PLANES, AIRPORTS, AIRLINES)}
