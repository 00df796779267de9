"""Schedule expressions: when they are next due."""

import datetime as dt

import pytest

from local_aws.events.expressions import ExpressionError, parse


def seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("cron(15 10 * * ? *)", "2026-01-01T10:15:00", "2026-01-02T10:15:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00", "2026-01-05T18:00:00"),
        ("cron(0 8 1 * ? *)", "2026-01-01T08:00:01", "2026-02-01T08:00:00"),
        ("cron(0/15 * * * ? *)", "2026-01-01T00:01:00", "2026-01-01T00:15:00"),
        ("cron(0/10 * ? * MON-FRI *)", "2026-01-02T23:55:00", "2026-01-05T00:00:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-01-06T00:00:00", "2026-02-02T09:00:00"),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00:00", "2026-02-28T00:00:00"),
        ("cron(0 0 LW * ? *)", "2026-02-01T00:00:00", "2026-02-27T00:00:00"),
        ("cron(0 0 15W * ? *)", "2026-08-01T00:00:00", "2026-08-14T00:00:00"),
        ("cron(0 0 ? * 6L *)", "2026-01-01T00:00:00", "2026-01-30T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0 0 1 JAN,JUL ? 2027)", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("at(2026-01-02T03:04:05)", "2026-01-01T00:00:00", "2026-01-02T03:04:05"),
    ],
)
def test_the_next_time_is_found(expression: str, after: str, due: str) -> None:
    assert parse(expression).next_after(seconds(after), 0) == seconds(due)


@pytest.mark.parametrize("expression", ["cron(0 0 1 1 ? 2020)", "at(2026-01-01T00:00:00)"])
def test_what_is_over_is_never_due(expression: str) -> None:
    assert parse(expression).next_after(seconds("2026-01-01T00:00:00"), 0) is None


def test_a_rate_counts_from_its_start() -> None:
    hourly, start = parse("rate(1 hour)"), seconds("2026-01-01T00:30:00")

    assert hourly.next_after(start - 1, start) == start
    assert hourly.next_after(start, start) == start + 3600
    assert hourly.next_after(start + 5000, start) == start + 7200


def test_a_time_zone_moves_with_its_summer_time() -> None:
    daily = parse("cron(0 6 * * ? *)", "Europe/Paris")

    assert daily.next_after(seconds("2026-03-28T12:00:00"), 0) == seconds("2026-03-29T04:00:00")
    assert daily.next_after(seconds("2026-03-27T12:00:00"), 0) == seconds("2026-03-28T05:00:00")


def test_an_hour_that_the_change_of_clocks_leaves_out_is_passed_over() -> None:
    daily = parse("cron(30 2 * * ? *)", "Europe/Paris")

    assert daily.next_after(seconds("2026-03-28T12:00:00"), 0) == seconds("2026-03-30T00:30:00")


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("rate(0 hours)", "is no schedule expression"),
        ("cron(0 0 * * *)", "has 5 fields"),
        ("cron(0 0 * * * *)", "must be"),
        ("cron(61 0 * * ? *)", "out of range"),
        ("cron(0/0 0 * * ? *)", "a step is a positive number"),
        ("every day", "is no schedule expression"),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, problem: str) -> None:
    with pytest.raises(ExpressionError, match=problem):
        parse(expression)


def test_a_time_zone_that_is_not_known_is_refused() -> None:
    with pytest.raises(ExpressionError, match="Mars"):
        parse("rate(1 day)", "Mars/Olympus")
