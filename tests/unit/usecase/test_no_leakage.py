"""Nothing that happens after a flight's cut-off may change its features: shown on real flights, bit by bit."""

import numpy as np
import pandas as pd
import pytest

from tests.sample_flights import OUTCOMES
from usecase.features import build_features
from usecase.timeline import minutes, timeline

DEPARTURE = ["dep_time", "dep_delay", "air_time", "arr_time", "arr_delay"]
ARRIVAL = ["air_time", "arr_time", "arr_delay"]


@pytest.fixture(scope="module")
def clocks(real_tables):
    """The minutes at which things happen, worked out apart from the features' own idea of when they are known."""
    flights = real_tables["flights"]
    scheduled = minutes(pd.to_datetime(flights["time_hour"], utc=True)) + flights["minute"].to_numpy()
    arrival = timeline(flights, real_tables["airports"], 2).arrival
    return pd.DataFrame(
        {
            "cutoff": scheduled - 120,
            "due": arrival,
            "scheduled": scheduled,
            "departs": scheduled + flights["dep_delay"].fillna(10**6),
            "arrives": arrival + flights["arr_delay"].fillna(10**6),
            "lands": scheduled + flights["dep_delay"].fillna(10**6) + flights["air_time"].fillna(10**6),
        }
    )


@pytest.fixture(scope="module")
def untouched(real_tables):
    return build_features(**real_tables)


@pytest.fixture(scope="module")
def moments(clocks):
    """Cut-offs of random flights, from the second week on."""
    late = clocks["cutoff"][clocks["cutoff"] > clocks["cutoff"].min() + 10 * 1440]
    return late.sample(4, random_state=4711).tolist()


def never_happened(flights, rows, columns, _clocks, _moment):
    flights.loc[rows, columns] = np.nan


def happened_otherwise(flights, rows, columns, clocks, moment):
    """Other outcomes, at any later time: early and on-time ones included where they still lie after the moment."""
    random = np.random.default_rng(int(moment))
    for delay, due in (("dep_delay", clocks["scheduled"]), ("arr_delay", clocks["due"])):
        if delay in columns:
            earliest = np.maximum(moment + 1 - due[rows], -60)
            flights.loc[rows, delay] = np.round(earliest + random.integers(0, 600, rows.sum()))
    others = [name for name in columns if not name.endswith("delay")]
    flights.loc[rows, others] = random.integers(1, 900, (rows.sum(), len(others)))


def alter_after(tables, clocks, moment, alter):
    """Alter all that happens after a moment: departures, arrivals, weather, aircraft of later flights."""
    flights = tables["flights"].astype(dict.fromkeys(OUTCOMES, "float64"))
    alter(flights, (clocks["departs"] > moment).to_numpy(), DEPARTURE, clocks, moment)
    in_the_air = (clocks["departs"] <= moment) & (clocks["arrives"] > moment) & (clocks["lands"] > moment)
    alter(flights, in_the_air.to_numpy(), ARRIVAL, clocks, moment)
    later = (clocks["scheduled"] > moment + 120).to_numpy()
    flights.loc[later, "tailnum"] = "N0EGMQ"
    weather = tables["weather"].copy()
    unseen = minutes(pd.to_datetime(weather["time_hour"], utc=True)) + 60 > moment
    readings = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure", "visib"]
    weather.loc[unseen, readings] = 1.0
    return tables | {"flights": flights, "weather": weather}


@pytest.mark.parametrize("alter", [never_happened, happened_otherwise])
def test_what_happens_after_the_cut_off_changes_no_bit_of_a_feature(real_tables, clocks, untouched, moments, alter):
    for moment in moments:
        altered = alter_after(real_tables, clocks, moment, alter)
        known = (clocks["cutoff"] <= moment).to_numpy()

        rebuilt = build_features(**altered)

        pd.testing.assert_frame_equal(rebuilt[known], untouched[known], check_exact=True)


def test_weather_observed_later_may_be_missing_altogether(real_tables, clocks, untouched, moments):
    weather = real_tables["weather"]
    observed = minutes(pd.to_datetime(weather["time_hour"], utc=True)) + 60 <= moments[0]
    known = (clocks["cutoff"] <= moments[0]).to_numpy()

    rebuilt = build_features(**real_tables | {"weather": weather[observed]})

    pd.testing.assert_frame_equal(rebuilt[known], untouched[known], check_exact=True)


def test_what_happened_before_the_cut_off_does_change_features(real_tables, clocks, untouched, moments):
    """The check above can fail: moved two hours back, the alteration shows."""
    altered = alter_after(real_tables, clocks, moments[0] - 120, never_happened)
    asked = (clocks["cutoff"] == moments[0]).to_numpy()

    rebuilt = build_features(**altered)

    assert not rebuilt[asked].equals(untouched[asked])


def test_a_flight_has_the_same_features_when_its_own_outcome_is_unknown(real_tables, untouched):
    flights = real_tables["flights"]
    last_day = (flights["month"] == 2) & (flights["day"] == 4)
    open_flights = flights.copy()
    open_flights.loc[last_day, list(OUTCOMES)] = np.nan
    first_of_day = flights[last_day].index[:20]

    rebuilt = build_features(**real_tables | {"flights": open_flights})

    pd.testing.assert_frame_equal(rebuilt.loc[first_of_day], untouched.loc[first_of_day], check_exact=True)


def test_a_day_built_from_a_months_window_is_the_same_as_built_from_everything(real_tables, untouched):
    """A shard needs the 28 days before it, a day for arrivals on the way, and the schedule of its days."""
    flights = real_tables["flights"]
    date = pd.to_datetime(flights[["year", "month", "day"]])
    asked = (date == "2013-02-03").to_numpy()
    shard = flights[(date >= "2013-01-04") & (date <= "2013-02-04")]

    built = build_features(**real_tables | {"flights": shard})

    pd.testing.assert_frame_equal(built.loc[flights.index[asked]], untouched[asked], check_exact=True)
