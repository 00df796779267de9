"""The pure parts of the replay: a smaller search, a thinner day, the hours of a day, alarms that stand."""

import itertools
import json
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.checks import check_definition
from pipelines.demo_drift.champion import smaller_search, thinned
from pipelines.demo_drift.replay import hours_of
from pipelines.demo_drift.story import Raised
from pipelines.demo_drift.watch import with_standing

GOLDEN = Path(__file__).parents[1] / "golden" / "definition.json"


def test_a_smaller_search_is_the_same_pipeline_and_passes_its_checks():
    before, after = json.loads(GOLDEN.read_text()), json.loads(smaller_search(GOLDEN.read_text()))

    assert [step["Name"] for step in before["Steps"]] == [step["Name"] for step in after["Steps"]]
    assert check_definition(json.dumps(after)) == check_definition(GOLDEN.read_text())
    tune = next(step for step in after["Steps"] if step["Name"] == "Tune")["Arguments"]
    assert tune["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 2
    assert tune["TrainingJobDefinition"]["StaticHyperParameters"]["objective"] == "binary:logistic"


@pytest.mark.parametrize(("wanted", "kept"), [(100, 100), (7, 7), (300, 300), (1000, 300)])
def test_a_thinner_day_is_spread_over_the_day(day, wanted, kept):
    thin = thinned(day, wanted)

    assert len(thin.flights) == len(thin.bodies) == len(thin.labels) == len(set(thin.flights)) == kept
    places = [day.flights.index(flight) for flight in thin.flights]
    assert places == sorted(places)
    assert max(after - before for before, after in itertools.pairwise(places)) <= 300 // kept + 1
    assert all(day.bodies[place] == body for place, body in zip(places, thin.bodies, strict=True))


def test_every_flight_is_sent_once_in_the_three_hours_in_which_it_leaves(day):
    hours = hours_of(day)

    sent = [flight for hour in sorted(hours) for flight in day.flights[hours[hour]]]
    assert sent == day.flights
    for hour, flights in hours.items():
        assert {json.loads(body)["dep_minute"] // 180 * 3 for body in day.bodies[flights]} == {hour}


def test_an_alarm_that_still_stands_counts_where_its_monitor_found_something_again(tell):
    story = tell(false_alarms=((8, "bias"),))
    night = timedelta(hours=1, minutes=9)
    history = [Raised("bias", "alarm-bias", story.midnight(8) + night)]
    story.raised = [
        Raised("bias", "alarm-bias", story.midnight(8) + night),
        Raised("bias", "alarm-bias", story.midnight(9) + night),
        Raised("bias", "alarm-bias", story.midnight(10) + night),
    ]

    assert [story.judged_day(raised.at) for raised in with_standing(history, story)] == [7, 8]
