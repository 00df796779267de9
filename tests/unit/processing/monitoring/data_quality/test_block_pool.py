"""A large day is read by several processes: the same rows, in the same order, and a killed one is told."""

import math
import os
import signal

import pytest

from benchmarks.monitoring.records import DAY, SPEC, write_records
from processing.monitoring import captured
from processing.monitoring.block_pool import in_order
from processing.monitoring.captured import CaptureStream


def read(folder, processes):
    stream = CaptureStream(folder, day=DAY, spec=SPEC, model_version="1", processes=processes)
    return [name for batch in stream for name in batch.ids], stream.counts


def test_two_processes_read_what_one_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(captured, "_WORTH_PROCESSES", 0)
    write_records(tmp_path, 2_000)

    assert read(tmp_path, 2) == read(tmp_path, 1)


def test_results_come_in_the_order_of_the_things():
    assert list(in_order(math.sqrt, (n * n for n in range(50)), processes=2)) == list(range(50))


def test_an_error_is_that_of_the_function():
    with pytest.raises(ValueError, match="math domain error"):
        list(in_order(math.sqrt, [1, -1], processes=2))


def kill_myself(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_told_not_waited_for():
    with pytest.raises(OSError, match="was killed"):
        list(in_order(kill_myself, [1], processes=2))
