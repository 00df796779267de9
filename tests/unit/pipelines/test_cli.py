import json

import pytest

from pipelines.__main__ import VERBS, main


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])

    assert ended.value.code == 0
    assert "--debug" in capsys.readouterr().out


def test_an_error_is_one_paragraph_and_a_hint(capsys):
    code = main(["start", "--target", "aws", "--resources", "/nowhere.json"])

    error = capsys.readouterr().err
    assert code == 1
    assert error.startswith("error: /nowhere.json: cannot read the resources")
    assert "hint: " in error
    assert "Traceback" not in error


def test_debug_shows_the_traceback(capsys):
    main(["start", "--target", "aws", "--resources", "/nowhere.json", "--debug"])

    assert "Traceback" in capsys.readouterr().err


def test_an_unknown_budget_is_a_usage_error(capsys):
    assert main(["check", "--budget", "huge"]) == 2
    assert "hint: choose one of: default, full" in capsys.readouterr().err


def test_a_definition_in_a_file_can_be_checked(tmp_path, capsys):
    (tmp_path / "definition.json").write_text('{"Steps": [{"Name": "A", "Type": "Fail", "Arguments": {}}]}')

    assert main(["check", "--definition", str(tmp_path / "definition.json")]) == 1
    assert "[fail-message] A: needs an ErrorMessage" in capsys.readouterr().err


def test_a_missing_definition_file_is_a_usage_error(capsys):
    assert main(["check", "--definition", "/nowhere.json"]) == 2
    assert "/nowhere.json" in capsys.readouterr().err


def test_a_definition_file_that_is_no_text_is_a_usage_error(tmp_path, capsys):
    (tmp_path / "definition.json").write_bytes(b"\xd0\x00\xff")

    assert main(["check", "--definition", str(tmp_path / "definition.json")]) == 2
    assert "it is no UTF-8 text" in capsys.readouterr().err


def test_a_run_that_never_starts_leaves_its_reason_in_summary_and_report(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.verbs.run.new_run_folder", lambda _now: tmp_path)

    assert main(["run", "--target", "aws", "--resources", "/nowhere.json"]) != 0

    assert "/nowhere.json" in json.loads((tmp_path / "summary.json").read_text())["failure_reason"]
    assert "/nowhere.json" in (tmp_path / "report.html").read_text()


def test_a_misspelt_verb_is_told_the_right_one(capsys):
    assert main(["aprove"]) == 2
    assert "there is no verb 'aprove'; did you mean 'approve'?" in capsys.readouterr().err
