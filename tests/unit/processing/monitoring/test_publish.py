"""Wherever a run dies while it publishes, what lies there is recognisably incomplete, and the next run repairs it."""

import os
from pathlib import Path

import pytest

from processing.monitoring.publish import complete_output

NAMES = ("bias", "state", "report.json", "next.json")


def publish(folder: Path, text: str) -> None:
    with complete_output(folder, NAMES) as staging:
        for name in ("bias", "state"):
            (staging / name).mkdir()
            (staging / name / "file.json").write_text(text)
        for name in ("report.json", "next.json"):
            (staging / name).write_text(text)


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("operation", ["rename", "unlink", "write_text"])
@pytest.mark.parametrize("survived", range(4))
def test_a_death_at_any_step_is_repaired_by_the_next_run(tmp_path: Path, operation: str, survived: int):
    publish(tmp_path, "first")
    child = os.fork()
    if child == 0:
        die_after(operation, survived)
        publish(tmp_path, "second")
        os._exit(0)
    os.waitpid(child, 0)

    if (tmp_path / "next.json").exists():
        assert len({(tmp_path / name).read_text() for name in ("report.json", "next.json", "bias/file.json")}) == 1
    publish(tmp_path, "third")

    assert texts(tmp_path) == dict.fromkeys(["bias/file.json", "state/file.json", "report.json", "next.json"], "third")


def test_a_failure_changes_nothing(tmp_path: Path):
    publish(tmp_path, "first")

    def fail() -> None:
        with complete_output(tmp_path, NAMES) as staging:
            (staging / "report.json").write_text("second")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert set(texts(tmp_path).values()) == {"first"}


def test_what_is_not_ours_stays(tmp_path: Path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")

    publish(tmp_path, "first")

    assert texts(tmp_path)["notes/mine.txt"] == "mine"


def die_after(operation: str, survived: int) -> None:
    """End this process, as by SIGKILL, in place of the operation's next call but so many."""
    original, calls = getattr(Path, operation), iter(range(survived))

    def call(self: Path, *given: object, **named: object) -> object:
        if next(calls, None) is None:
            os._exit(9)
        return original(self, *given, **named)

    setattr(Path, operation, call)
