"""The page is a well-formed picture of the story, and values in it stay values."""

import html
import re
from xml.etree import ElementTree as ET

from pipelines.demo_drift.page import write_page
from pipelines.demo_drift.scenarios import SCENARIOS
from pipelines.demo_drift.summary import summarise
from pipelines.demo_drift.timeline import Timeline


def classes(picture):
    found = [element.get("class", "") for element in ET.fromstring(str(picture)).iter()]
    return {name: found.count(name) for name in found}


def test_the_timeline_shows_what_was_planted_found_and_retrained(tell):
    drawn = classes(Timeline(tell(false_alarms=((8, "model-quality"),))).draw())

    assert drawn["planted"] == len(SCENARIOS)
    assert drawn["alarm right"] == len(SCENARIOS)
    assert drawn["alarm false"] == 1
    assert drawn["training"] == 1
    assert drawn["asked"] == 2
    assert drawn["registered-version"] == 1


def test_a_story_that_ended_early_is_drawn_all_the_same(tell):
    story = tell()
    story.runs.clear()
    story.raised.clear()
    story.portions.clear()
    story.retraining.executions = [
        type(story.retraining.executions[0])("arn", "Executing", story.midnight(3), None, "drift")
    ]
    assert classes(Timeline(story).draw())["training"] == 1


def test_the_page_tells_every_scenario_and_escapes_what_monitors_say(tell, tmp_path):
    story = tell(unnoticed=("unit-change",))
    page = write_page(tmp_path, summarise(story, seconds=1.0, usage={}), story).read_text()

    assert all(scenario.title in html.unescape(page) for scenario in SCENARIOS)
    assert "nothing in time" in page
    assert "&lt;drift&gt; is &amp; was" in page
    assert "<drift>" not in page
    assert not re.search(r"(?:src|href)=[\"']https?:", page)
