"""The clock passes time in order, never goes back, and survives a restart."""

import itertools
import threading
import time

import pytest

from local_aws.clock import Clock


@pytest.fixture
def clock():
    made = Clock()
    yield made
    made.close()


def test_advancing_lets_time_pass_at_once(clock):
    before = clock.time()

    clock.advance(3_600)

    assert clock.time() - before == pytest.approx(3_600, abs=5)


def test_a_periodic_function_runs_once_in_every_period_that_passes(clock):
    moments = []
    clock.every(60, "minutely", lambda: moments.append(clock.time()))

    clock.advance(600)

    assert len(moments) == 10
    assert all(later - earlier == pytest.approx(60, abs=1) for earlier, later in itertools.pairwise(moments))


def test_what_is_due_happens_in_order(clock):
    seen = []
    clock.advance(1_200 - clock.time() % 1_200 + 1)
    clock.every(100, "slow", lambda: seen.append("slow"))
    clock.every(40, "fast", lambda: seen.append("fast"))

    clock.advance(130)

    assert seen == ["fast", "fast", "slow", "fast"]


def test_a_thread_that_waits_again_and_again_wakes_for_each_wait(clock):
    woken, ready = [], threading.Event()

    def loop():
        ready.set()
        for _ in range(5):
            clock.wait(600)
            woken.append(clock.time())

    thread = threading.Thread(target=loop)
    thread.start()
    ready.wait()
    while not clock._waiting:  # the thread has announced itself, but may not wait yet
        time.sleep(0.001)
    clock.advance(3_600)
    thread.join(5)

    assert len(woken) == 5


def test_a_function_that_fails_is_called_again(clock):
    calls = []

    def fail():
        calls.append(1)
        raise RuntimeError("broken")

    clock.every(10, "failing", fail)

    clock.advance(30)

    assert len(calls) == 3


def test_a_wait_ends_at_once_when_it_is_stopped(clock):
    stop = threading.Event()
    stop.set()

    assert clock.wait(3_600, stop) is True


def test_speed_makes_real_seconds_longer(clock):
    clock.speed = 3_600
    started = time.monotonic()

    clock.wait(360)

    assert time.monotonic() - started < 5


@pytest.mark.parametrize("seconds", [-1, 1e9])
def test_time_does_not_go_back_nor_for_years(clock, seconds):
    with pytest.raises(ValueError, match="cannot advance by"):
        clock.advance(seconds)


def test_a_speed_that_is_no_speed_is_refused(clock):
    with pytest.raises(ValueError, match="clock speed is 0"):
        clock.speed = 0


def test_the_time_survives_a_restart(clock, tmp_path):
    clock.keep_in(tmp_path / "clock.json")
    clock.advance(86_400)
    before = clock.time()
    clock.close()

    other = Clock()
    other.keep_in(tmp_path / "clock.json")

    assert other.time() >= before - 0.01
    assert other.time() - before < 60


def test_a_crash_of_a_fast_clock_does_not_turn_time_back(clock, tmp_path):
    clock.keep_in(tmp_path / "clock.json")
    clock.speed = 1_000
    clock.wait(200)
    crashed_at = clock.time()

    other = Clock()
    other.keep_in(tmp_path / "clock.json")

    assert other.time() >= crashed_at


def test_what_waits_for_a_real_second_is_done_before_time_is_advanced(caplog):
    clock, seen = Clock(), []

    def fail():
        raise RuntimeError("broken")

    clock.before_advance(fail)
    clock.before_advance(lambda: seen.append(clock.now()))
    before = clock.now()

    clock.advance(3600)

    assert (seen[0] - before).total_seconds() < 60
    assert (clock.now() - before).total_seconds() >= 3600
    assert "broken" in caplog.text
