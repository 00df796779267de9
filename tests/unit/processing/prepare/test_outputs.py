"""Outputs that are complete or not there."""

import json
import math

import pandas as pd
import pytest

from processing.failure import report_failure
from processing.outputs import staged, write_json_lines


def test_staged_outputs_appear_together(tmp_path):
    with staged(tmp_path, ("train", "report")) as folder:
        (folder / "train" / "rows").write_text("1")
        assert not (tmp_path / "train").exists()

    assert (tmp_path / "train" / "rows").read_text() == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "train"]


def test_a_failure_leaves_earlier_outputs_as_they_were(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "rows").write_text("old")

    with pytest.raises(RuntimeError), staged(tmp_path, ("train",)) as folder:  # noqa: PT012 - the block fails half-way
        (folder / "train" / "rows").write_text("half")
        raise RuntimeError

    assert (tmp_path / "train" / "rows").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_rows_become_json_whatever_they_hold(tmp_path):
    rows = pd.DataFrame({"text": ["é", None], "number": [math.inf, math.nan], "count": [1, 2]})

    write_json_lines(rows, tmp_path / "rows.jsonl")

    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()] == [
        {"text": "é", "number": "inf", "count": 1},
        {"text": None, "number": None, "count": 2},
    ]


def test_no_rows_become_an_empty_file(tmp_path):
    write_json_lines(pd.DataFrame({"reason": []}), tmp_path / "rows.jsonl")

    assert (tmp_path / "rows.jsonl").read_text() == ""


def test_a_failure_is_one_paragraph_on_stderr_and_in_the_message_file(tmp_path, capsys):
    code = report_failure("prepare", "first line\n  second line", tmp_path / "output" / "message")

    assert code == 1
    assert (tmp_path / "output" / "message").read_text() == "prepare: first line second line"
    assert capsys.readouterr().err == "prepare: first line second line\n"


def test_a_message_file_that_cannot_be_written_is_no_second_failure(tmp_path, capsys):
    (tmp_path / "file").write_text("")

    assert report_failure("prepare", "broken", tmp_path / "file" / "message") == 1
    assert "broken" in capsys.readouterr().err
