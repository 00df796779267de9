"""Failure reasons are worded as SageMaker words them."""

import pytest

from local_aws.jobs.failures import algorithm_error, first_failure, last_words


def test_a_message_wins_over_the_log(tmp_path):
    (tmp_path / "log").write_text("from the log\n")

    assert algorithm_error(1, "from the file\n", tmp_path / "log") == "AlgorithmError: from the file, exit code: 1"
    assert algorithm_error(2, "", tmp_path / "log") == "AlgorithmError: from the log, exit code: 2"


def test_without_words_the_log_is_named(tmp_path):
    assert (
        algorithm_error(1, "", tmp_path / "none") == "AlgorithmError: See job logs for more information, exit code: 1"
    )


def test_a_reason_has_at_most_1024_characters(tmp_path):
    reason = algorithm_error(1, "x" * 5000, tmp_path / "none")

    assert len(reason) == 1024
    assert reason.endswith(", exit code: 1")


def test_a_signal_becomes_a_shells_exit_code(tmp_path):
    assert algorithm_error(-15, "ended", tmp_path / "none").endswith("exit code: 143")


@pytest.mark.parametrize(
    ("codes", "expected"), [((0, 0), None), ((0, 3), 1), ((-9, 1), 1), ((-9, 0), 0), ((None, 2), 1)]
)
def test_the_container_that_failed_first_is_the_one_with_an_exit_code(codes, expected):
    assert first_failure(codes) == expected


def test_last_words_skip_blank_lines(tmp_path):
    (tmp_path / "log").write_text("ValueError: no rows\n\n  \n")

    assert last_words(tmp_path / "log") == "ValueError: no rows"
