"""The features by name: what each means and when it is known. The order is the model's order.

Prefixes: `o` origin airport, `nyc` all three airports, `c` carrier, `oc` both, `d` destination, `p1` the aircraft's
previous leg from New York, `h` history, `wl` weather last known. A number at the end is a window in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

from usecase.feature_spec import Kind

_SCHEDULE = "published schedule, weeks before"
_DEPARTURES = "departures whose scheduled and actual time both lie before the cut-off"
_ARRIVALS = "arrivals whose scheduled and actual time both lie before the cut-off"
_WAITING = "flights not departed at the cut-off; later departures and cancellations look alike"
_AIRCRAFT = "legs scheduled before the cut-off, their times if known at it; aircraft as finally assigned"
_PLANE = "register of aircraft, years before; aircraft as finally assigned"
_WEATHER = "last hourly observation complete at the cut-off, at most 3 hours old"

STATIC = frozenset({_SCHEDULE, _PLANE, _WEATHER})
"""Of what kind is known without following any other flight."""


@dataclass(frozen=True)
class Declaration:
    """What is said of a feature before any data is seen."""

    name: str
    description: str
    known_at: str
    nullable: bool = True
    kind: Kind = "numeric"


def _always(name: str, description: str, known_at: str, kind: Kind = "numeric") -> Declaration:
    return Declaration(name, description, known_at, nullable=False, kind=kind)


CATALOGUE: tuple[Declaration, ...] = (
    _always("carrier", "airline, two-letter code", _SCHEDULE, "categorical"),
    _always("origin", "departure airport", _SCHEDULE, "categorical"),
    _always("dest", "destination airport", _SCHEDULE, "categorical"),
    _always("dep_minute", "scheduled departure, minutes since local midnight", _SCHEDULE),
    _always("day_of_week", "0 Monday to 6 Sunday, local date of departure", _SCHEDULE),
    _always("distance", "miles to the destination", _SCHEDULE),
    _always("block", "scheduled minutes from gate to gate", _SCHEDULE),
    Declaration("seats", "seats of the aircraft", _PLANE),
    Declaration("plane_age", "years since the aircraft was built", _PLANE),
    _always("sched_around_60", "departures scheduled at the origin within an hour before or after", _SCHEDULE),
    _always("day_flights_origin", "departures scheduled at the origin on the day", _SCHEDULE),
    Declaration("nyc_mean_60", "mean departure delay of the last hour, New York, minutes", _DEPARTURES),
    Declaration("nyc_late_60", "share of departures at least 30 minutes late, last hour, New York", _DEPARTURES),
    _always("nyc_n_360", "departures of the last 6 hours, New York", _DEPARTURES),
    Declaration("o_mean_60", "mean departure delay of the last hour at the origin, minutes", _DEPARTURES),
    Declaration("o_late_60", "share of departures at least 30 minutes late, last hour, origin", _DEPARTURES),
    _always("o_n_180", "departures of the last 3 hours at the origin", _DEPARTURES),
    Declaration("o_mean_180", "mean departure delay of the last 3 hours at the origin, minutes", _DEPARTURES),
    Declaration("o_late_180", "share of departures at least 30 minutes late, last 3 hours, origin", _DEPARTURES),
    Declaration("c_mean_180", "mean departure delay of the airline, last 3 hours, minutes", _DEPARTURES),
    Declaration("c_late_180", "share of the airline's departures at least 30 minutes late, 3 hours", _DEPARTURES),
    Declaration("oc_mean_180", "mean departure delay of the airline at the origin, 3 hours, minutes", _DEPARTURES),
    Declaration("nyc_arr_mean_360", "mean arrival delay, last 6 hours, all flights from New York", _ARRIVALS),
    Declaration("c_arr_mean_360", "mean arrival delay of the airline, last 6 hours, minutes", _ARRIVALS),
    Declaration("d_arr_mean_360", "mean arrival delay at the destination, last 6 hours, minutes", _ARRIVALS),
    _always("o_overdue_n", "flights at the origin due in the last 6 hours and not departed", _WAITING),
    _always("d_overdue_n", "flights to the destination due in the last 6 hours and not departed", _WAITING),
    _always("c_overdue_n", "flights of the airline due in the last 6 hours and not departed", _WAITING),
    _always("oc_overdue_n", "flights of the airline at the origin due in the last 6 hours, not departed", _WAITING),
    _always("nyc_overdue_1h_n", "flights at all airports due 1 to 6 hours ago and not departed", _WAITING),
    _always("o_overdue_3h_n", "flights at the origin due 3 to 6 hours ago, not departed: mostly cancelled", _WAITING),
    Declaration("h_all_late1", "share of arrivals at least 30 minutes late, last day", _ARRIVALS),
    Declaration("h_all_late7", "share of arrivals at least 30 minutes late, last 7 days", _ARRIVALS),
    Declaration("h_fl_mean28", "mean arrival delay of this flight number, 28 days, smoothed, minutes", _ARRIVALS),
    Declaration("h_fl_late28", "share of this flight number's arrivals at least 30 minutes late, smoothed", _ARRIVALS),
    Declaration("p1_gap", "minutes between the aircraft's previous and this scheduled departure", _AIRCRAFT),
    Declaration("p1_dep_delay", "departure delay of the previous leg, or how long it waits already", _AIRCRAFT),
    Declaration("p1_arr_delay", "arrival delay of the previous leg, if it is known to have landed", _AIRCRAFT),
    Declaration("p1_slack", "minutes to spare for the aircraft's return, expected at the cut-off", _AIRCRAFT),
    Declaration("wl_temp", "temperature, °F", _WEATHER),
    Declaration("wl_dewp", "dew point, °F", _WEATHER),
    Declaration("wl_humid", "relative humidity, percent", _WEATHER),
    Declaration("wl_wind_dir", "wind direction, degrees", _WEATHER),
    Declaration("wl_pressure", "pressure at sea level, millibars", _WEATHER),
    Declaration("wl_visib", "visibility, miles", _WEATHER),
    Declaration("wl_wsin", "wind from the east, miles per hour", _WEATHER),
    Declaration("wl_wcos", "wind from the north, miles per hour", _WEATHER),
    Declaration("wl_press_d3", "change of pressure in 3 hours, millibars", _WEATHER),
    Declaration("wl_visib_min3", "worst visibility of the last 3 observations, miles", _WEATHER),
)
