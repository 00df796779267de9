import io
from dataclasses import replace

import pytest
from pipeline_fakes import ARN, START, FakeSageMaker, made, step, trial
from rich.console import Console
from rich.live import Live

from pipelines.errors import ExecutionFailedError, UsageError
from pipelines.executions import Executions, StepState, Trial
from pipelines.following import failure_text, follow, refuse_failure
from pipelines.progress import LiveDisplay, PlainDisplay, Snapshot, display

JOB = "arn:aws:sagemaker:us-east-1:123456789012:processing-job/pipelines-abc-Prepare-x"
TUNING_JOB = "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/tuner"


def state_of(steps, **more):
    return Executions(FakeSageMaker(steps, **more)).state(ARN)


def test_steps_come_in_the_order_of_the_definition_and_name_those_not_started():
    state = state_of([step("Tune", "Executing", 5), step("Prepare", "Succeeded", 0, 5, **made("ProcessingJob", JOB))])

    assert [(found.name, found.status) for found in state.steps[:3]] == [
        ("Prepare", "Succeeded"),
        ("Tune", "Executing"),
        ("Evaluate", "NotStarted"),
    ]
    assert state.steps[0].seconds == 5.0
    assert state.steps[0].job_name == "pipelines-abc-Prepare-x"


def test_a_cache_hit_is_told():
    state = state_of([step("Prepare", "Succeeded", 0, 0, CacheHitResult={"SourcePipelineExecutionArn": ARN})])

    assert state.step("Prepare").cache_hit


@pytest.mark.parametrize("text", [None, "abcdefghijkl", ARN])
def test_an_execution_is_found_by_id_by_arn_and_by_default(text):
    assert Executions(FakeSageMaker([])).resolve(text) == ARN


def test_an_unknown_execution_is_a_usage_error():
    with pytest.raises(UsageError, match="no execution of flight-delay-training matches 'zzz'"):
        Executions(FakeSageMaker([])).resolve("zzz")


def test_the_reason_of_a_failure_names_the_step():
    state = state_of([step("Prepare", "Failed", 0, 3, FailureReason="ClientError: no rows")], status="Failed")

    assert failure_text(state) == "step Prepare ended the execution as Failed: ClientError: no rows"
    with pytest.raises(ExecutionFailedError) as caught:
        refuse_failure(state)
    assert "pipelines logs Prepare" in caught.value.hint


def test_a_gate_that_fails_points_to_its_parameters():
    state = state_of([step("QualityGateFailed", "Failed", 0, 0, FailureReason="AUC 0.6 < 0.7")], status="Failed")

    with pytest.raises(ExecutionFailedError, match=r"AUC 0\.6 < 0\.7") as caught:
        refuse_failure(state)
    assert "MinAuc and MaxLogLoss" in caught.value.hint


def test_a_stopped_execution_is_a_failure():
    with pytest.raises(ExecutionFailedError, match="ended as Stopped"):
        refuse_failure(state_of([step("Prepare", "Stopped", 0, 3)], status="Stopped"))


def test_plain_progress_writes_one_line_per_change():
    stream = io.StringIO()
    shown = PlainDisplay(stream)
    running = Snapshot(state_of([step("Prepare", "Executing", 0)]))
    done = Snapshot(state_of([step("Prepare", "Succeeded", 0, 5)]))

    for snapshot in (running, running, done, done):
        shown.show(snapshot)

    assert stream.getvalue().splitlines() == ["Prepare            Executing", "Prepare            Succeeded (5.0 s)"]


def test_plain_progress_tells_trials_and_their_objective():
    stream = io.StringIO()
    sagemaker = FakeSageMaker([step("Tune", "Executing", 0, **made("TuningJob", TUNING_JOB))])
    sagemaker.trials = [trial("tuner-001", value=0.25), trial("tuner-002", status="InProgress")]
    executions = Executions(sagemaker)
    snapshot = Snapshot(executions.state(ARN), tuple(executions.trials("tuner")), 2)

    PlainDisplay(stream).show(snapshot)

    assert "tuner-001          trial done, validation:logloss 0.25000 (1/2)\n" in stream.getvalue()
    assert "tuner-002" not in stream.getvalue()


def test_the_live_table_shows_trials_and_the_running_job_s_metrics():
    sagemaker = FakeSageMaker([step("Tune", "Executing", 0), step("Train", "Executing", 9)])
    state = Executions(sagemaker).state(ARN)
    state = replace(state, steps=(state.steps[1], StepState("Train", "Training", "Executing", START)))
    trials = (Trial("t-1", "Completed", 0.25, {}, None, None), Trial("t-2", "InProgress", None, {}, None, None))
    stream = io.StringIO()

    with Live(console=Console(file=stream, force_terminal=True, width=120)) as live:
        LiveDisplay(live).show(Snapshot(state, trials, 12, {"validation:auc": 0.75}))

    shown = stream.getvalue()
    assert "1/12  best logloss 0.2500" in shown
    assert "validation:auc 0.7500" in shown


def test_progress_is_plain_where_there_is_no_terminal():
    with display(io.StringIO()) as shown:
        assert isinstance(shown, PlainDisplay)


class FakeTarget:
    poll_seconds = 1.0

    def __init__(self, sagemaker):
        self._sagemaker = sagemaker

    def client(self, _service):
        return self._sagemaker


def test_following_ends_with_the_execution(capsys):
    sagemaker = FakeSageMaker([step("Prepare", "Executing", 0)])
    naps = []

    def sleep(seconds):
        naps.append(seconds)
        sagemaker.steps = [step("Prepare", "Succeeded", 0, 5)]
        sagemaker.status = "Succeeded"

    state = follow(FakeTarget(sagemaker), ARN, sleep=sleep)

    assert state.status == "Succeeded"
    assert naps == [0.1]  # a tenth of the longest pause, because something has just changed
    assert "Prepare            Succeeded (5.0 s)" in capsys.readouterr().out


def test_interrupting_says_how_to_go_on():
    def interrupt(_seconds):
        raise KeyboardInterrupt

    with pytest.raises(ExecutionFailedError, match="the execution goes on") as caught:
        follow(FakeTarget(FakeSageMaker([])), ARN, sleep=interrupt)

    assert "stop --execution abcdefghijkl" in caught.value.hint


def test_following_looks_less_often_while_nothing_changes():
    sagemaker = FakeSageMaker([step("Prepare", "Executing", 0)])
    naps = []

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) == 30:
            sagemaker.status = "Succeeded"

    follow(FakeTarget(sagemaker), ARN, sleep=sleep)

    assert naps == sorted(naps)
    assert (naps[0], naps[-1]) == (0.1, 1.0)
