"""When monitoring schedules fire, and which hours they look at."""

import datetime as dt

import pytest

from local_aws.errors import ValidationError
from local_aws.monitoring.timing import Timing, Window, check, offset

AT = dt.datetime(2026, 1, 2, 3, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 * ? * * *)", list(range(24))),
        ("cron(0 17 ? * * *)", [17]),
        ("cron(0 05 ? * * *)", [5]),
        ("cron(0 17/12 ? * * *)", [5, 17]),
        ("cron(0 0/6 ? * * *)", [0, 6, 12, 18]),
        ("NOW", []),
    ],
)
def test_a_schedule_fires_at_its_hours(expression, hours):
    timing = Timing.parse(expression)

    assert [hour for hour in range(24) if timing.is_due(86_400 * 365 + 3_600 * hour)] == hours


@pytest.mark.parametrize(
    "expression", ["", "now", "rate(1 hour)", "cron(5 * ? * * *)", "cron(0 24 ? * * *)", "cron(0 */2 ? * * *)"]
)
def test_other_expressions_are_refused(expression):
    with pytest.raises(ValidationError, match="not supported"):
        Timing.parse(expression)


@pytest.mark.parametrize(
    ("text", "hours"), [("-PT1H", -1), ("PT0H", 0), ("-P1D", -24), ("-P1DT2H30M", -26.5), ("P7D", 168)]
)
def test_offsets_are_iso_durations(text, hours):
    assert offset(text) == dt.timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "-PT1S", "P1W"])
def test_other_offsets_are_refused(text):
    with pytest.raises(ValidationError, match="no offset"):
        offset(text)


@pytest.mark.parametrize(
    ("config", "given", "hours"),
    [
        ({"ScheduleExpression": "cron(0 * ? * * *)"}, {}, ["2026/01/02/02"]),
        ({"ScheduleExpression": "cron(0 3/2 ? * * *)"}, {}, ["2026/01/02/01", "2026/01/02/02"]),
        (
            {"ScheduleExpression": "cron(0 * ? * * *)"},
            {"StartTimeOffset": "-PT3H", "EndTimeOffset": "-PT2H"},
            ["2026/01/02/00"],
        ),
        (
            {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT4H", "DataAnalysisEndTime": "-PT3H"},
            {},
            ["2026/01/01/23"],
        ),
    ],
)
def test_a_firing_looks_at_what_came_before_it(config, given, hours):
    check(config)

    assert list(Window.of(AT, config, given).hours()) == hours


def test_an_analysis_of_more_than_a_day_is_refused():
    config = {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT25H", "DataAnalysisEndTime": "-PT0H"}

    with pytest.raises(ValidationError, match="24 hours"):
        check(config)
