import json

import pytest

from pipelines.errors import ResourcesError, UsageError
from pipelines.resources import Resources
from pipelines.settings import BUDGETS, Settings


def test_resources_survive_a_file(tmp_path):
    Resources.example().save(tmp_path / "resources.json")

    assert Resources.load(tmp_path / "resources.json") == Resources.example()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResourcesError, match=r"nowhere\.json: cannot read"):
        Resources.load(tmp_path / "nowhere.json")


def test_a_file_that_lacks_a_field_is_refused(tmp_path):
    values = Resources.example().to_dict()
    del values["keys"]
    (tmp_path / "resources.json").write_text(json.dumps(values))

    with pytest.raises(ResourcesError, match="keys"):
        Resources.load(tmp_path / "resources.json")


def test_an_unknown_field_is_refused(tmp_path):
    (tmp_path / "resources.json").write_text(json.dumps(Resources.example().to_dict() | {"colour": "blue"}))

    with pytest.raises(ResourcesError, match="colour"):
        Resources.load(tmp_path / "resources.json")


def test_an_unknown_budget_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="'huge'") as caught:
        Settings.of_budget("huge")

    assert caught.value.hint == "choose one of: default, full"


def test_every_budget_has_at_least_twelve_trials():
    assert all(budget.trials >= 12 for budget in BUDGETS.values())
