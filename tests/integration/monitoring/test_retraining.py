"""Drift retrains once, however many alarms tell of it."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PIPELINE = "flight-delay-training"


def executions(monitoring):
    found = monitoring.sagemaker.list_pipeline_executions(PipelineName=PIPELINE)
    return [item["PipelineExecutionArn"] for item in found["PipelineExecutionSummaries"]]


def outcomes(monitoring):
    """What the executions of the machine came to; the one that retrained waits for its pause to end."""
    machine = monitoring.facts["retrain_machine"]
    found = monitoring.states.list_executions(stateMachineArn=machine)["executions"]
    described = [monitoring.states.describe_execution(executionArn=item["executionArn"]) for item in found]
    return [json.loads(item["output"])["outcome"] if "output" in item else item["status"].lower() for item in described]


def ring(monitoring, *, again=False):
    """Let three alarms fire together, as one run's violations make them; return what their executions came to."""
    alarms, client = monitoring.facts["alarms"]["champion"], monitoring.client("cloudwatch")
    before = len(outcomes(monitoring))
    for state in ("OK", "ALARM") if again else ("ALARM",):
        for kind in ("model-quality", "bias", "attribution"):
            client.set_alarm_state(AlarmName=alarms[kind], StateValue=state, StateReason=f"drift of {kind}")
    monitoring.until(lambda: len(outcomes(monitoring)) == before + 3)
    monitoring.until(lambda: outcomes(monitoring).count("running") <= 1)
    return sorted(outcomes(monitoring))


def parameters(monitoring, execution):
    found = monitoring.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution)
    return {item["Name"]: item["Value"] for item in found["PipelineParameters"]}


def stop(monitoring, execution):
    """End an execution of the pipeline, if the restart has not ended it."""

    def status():
        found = monitoring.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        return found["PipelineExecutionStatus"]

    if status() == "Executing":
        monitoring.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken="x" * 32)
    monitoring.until(lambda: status() in {"Stopped", "Failed"})


def test_three_alarms_together_retrain_once_and_a_restart_changes_nothing(monitoring):
    assert ring(monitoring) == ["running", "skipped", "skipped"]

    (execution,) = monitoring.until(lambda: executions(monitoring))
    described = monitoring.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
    reason = parameters(monitoring, execution)["RetrainingReason"]
    assert reason.split(":")[0] in {"model-quality", "bias", "attribution"}
    assert reason.split(":")[0] in described["PipelineExecutionDescription"]

    monitoring.restart()

    assert ring(monitoring, again=True) == ["running", *["skipped"] * 5]
    assert executions(monitoring) == [execution]
    assert [(item["role"], item["action"], item["resource"]) for item in monitoring.denied()] == []

    # Across midnight the day's lock is another one: the pause holds, then ends.
    stop(monitoring, execution)
    monitoring.clock(advance_seconds=23 * 3600)
    assert ring(monitoring, again=True) == ["running", *["skipped"] * 8]
    assert executions(monitoring) == [execution]

    monitoring.clock(advance_seconds=2 * 3600)
    monitoring.until(lambda: "running" not in outcomes(monitoring))
    assert ring(monitoring, again=True).count("running") == 1
    assert len(executions(monitoring)) == 2

    # The pause is over, and somebody runs the pipeline: nothing starts, and the day's lock is free again.
    monitoring.clock(advance_seconds=25 * 3600)
    monitoring.until(lambda: "running" not in outcomes(monitoring))
    stop(monitoring, executions(monitoring)[0])
    by_hand = monitoring.sagemaker.start_pipeline_execution(PipelineName=PIPELINE, ClientRequestToken="x" * 32)
    assert "running" not in ring(monitoring, again=True)
    assert len(executions(monitoring)) == 3

    stop(monitoring, by_hand["PipelineExecutionArn"])
    assert ring(monitoring, again=True).count("running") == 1
    assert len(executions(monitoring)) == 4
    stop(monitoring, executions(monitoring)[0])
    assert [(item["role"], item["action"], item["resource"]) for item in monitoring.denied()] == []
