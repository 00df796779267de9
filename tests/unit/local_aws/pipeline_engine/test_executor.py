"""Executions on fake APIs: what is asked of the APIs, and how steps run, stop and go on."""

import datetime as dt
import re
from datetime import timedelta
from typing import Any

import pytest

from local_aws.errors import ConflictError, ResourceNotFoundError, ValidationError
from local_aws.orphans import end_orphans
from local_aws.pipeline_engine.records import ExecutionRecords
from tests.compliance.engine import api_error

YES = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}


def step(
    name: str, kind: str = "Processing", arguments: dict[str, Any] | None = None, **members: Any
) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments or {}, **members}


def gate(*branch: dict[str, Any], conditions: list[Any] | None = None, **members: Any) -> dict[str, Any]:
    return step("Gate", "Condition", {"Conditions": conditions or [YES], "IfSteps": list(branch)}, **members)


def statuses(steps: dict[str, Any]) -> dict[str, str]:
    return {name: item["StepStatus"] for name, item in steps.items()}


def test_jobs_are_named_after_the_execution_and_the_step(engine):
    engine.create(step("Prepare_Data"), step("Tune", "Tuning", TUNING))

    arn = engine.start()
    engine.wait(arn)

    execution_id = arn.rpartition("/")[2]
    processing = engine.apis.jobs("create_processing_job")[0]["ProcessingJobName"]
    tuning = engine.apis.jobs("create_hyper_parameter_tuning_job")[0]["HyperParameterTuningJobName"]
    assert re.fullmatch(f"pipelines-{execution_id}-Prepare-Data-[A-Za-z0-9]{{10}}", processing)
    assert re.fullmatch(f"{execution_id}-Tune-[A-Za-z0-9]{{10}}", tuning)
    assert len(tuning) <= 32


TUNING = {"HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": {"Type": "Minimize"}}}


def test_long_step_names_are_cut_and_custom_prefixes_kept(engine):
    engine.create(step("x" * 64), step("Other", arguments={"ProcessingJobName": "flights"}))

    execution, _ = engine.run()

    execution_id = execution["PipelineExecutionArn"].rpartition("/")[2]
    jobs = sorted(job["ProcessingJobName"] for job in engine.apis.jobs("create_processing_job"))
    assert jobs[0].startswith(f"flights-{execution_id}-")
    assert len(jobs[1]) == 63


def test_a_training_job_knows_its_own_name(engine):
    uri = {"Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Execution.TrainingJobName"}]}}
    engine.create(step("Train", "Training", {"CheckpointConfig": {"S3Uri": uri}}))

    engine.run()

    job = engine.apis.jobs("create_training_job")[0]
    assert job["CheckpointConfig"]["S3Uri"] == f"s3://b/{job['TrainingJobName']}"


def test_a_step_shows_its_job(engine):
    engine.create(step("Train", "Training", DisplayName="Training", Description="Fits"))

    _, steps = engine.run()

    train = steps["Train"]
    assert train["Metadata"]["TrainingJob"]["Arn"].startswith("arn:aws:sagemaker:us-east-1:123456789012:training-job/")
    assert (train["StepDisplayName"], train["StepDescription"], train["AttemptCount"]) == ("Training", "Fits", 1)
    assert train["StartTime"] <= train["EndTime"]
    assert not [member for member in train if member.startswith("_")]


def test_tuning_properties_hold_the_best_jobs(engine):
    engine.apis.summaries = [{"TrainingJobName": "best"}, {"TrainingJobName": "worse"}]
    reference = {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"}
    engine.create(step("Tune", "Tuning", TUNING), step("Use", arguments={"Environment": {"BEST": reference}}))

    engine.run()

    assert engine.apis.jobs("create_processing_job")[0]["Environment"] == {"BEST": "best"}


def test_registering_makes_the_group_and_names_the_execution(engine):
    engine.create(step("Register", "RegisterModel", {"ModelPackageGroupName": "flight-delay"}))

    execution, steps = engine.run()

    package = engine.apis.jobs("create_model_package")[0]
    assert engine.apis.groups == {"flight-delay"}
    assert package["MetadataProperties"] == {"GeneratedBy": execution["PipelineExecutionArn"]}
    assert steps["Register"]["Metadata"]["RegisterModel"]["Arn"].endswith("model-package/flight-delay/1")


def test_a_refused_package_leaves_no_group_behind(engine):
    engine.apis.refusals["create_model_package"] = [api_error("ValidationException", "no such bucket")]
    engine.create(step("Register", "RegisterModel", {"ModelPackageGroupName": "flight-delay"}))

    execution, _ = engine.run()

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert engine.apis.groups == set()


def test_a_created_model_can_be_referred_to(engine):
    reference = {"Get": "Steps.Model.ModelName"}
    engine.create(
        step("Model", "Model", {"ExecutionRoleArn": "role"}), step("T", "Transform", {"ModelName": reference})
    )

    engine.run()

    created = engine.apis.jobs("create_model")[0]["ModelName"]
    assert engine.apis.jobs("create_transform_job")[0]["ModelName"] == created


def test_a_refused_job_says_which_call_failed(engine):
    engine.apis.refusals["create_training_job"] = [api_error("ValidationException", "bad image")]
    engine.create(step("Train", "Training"))

    _, steps = engine.run()

    assert steps["Train"]["FailureReason"] == (
        "ClientError: Failed to invoke sagemaker:create_training_job. Error Details: bad image (ValidationException)"
    )


def test_throttling_is_retried_without_a_policy(engine, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(ExecutionRecords, "wait_for_stop", lambda self, seconds: bool(waits.append(seconds)))
    engine.apis.refusals["create_training_job"] = [api_error("ThrottlingException", "Rate exceeded")] * 2
    engine.create(step("Train", "Training"))

    execution, steps = engine.run()

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert steps["Train"]["AttemptCount"] == 3
    assert waits == [1.0, 2.0]


def test_a_stop_ends_the_wait_for_a_retry(engine):
    engine.apis.refusals["create_training_job"] = [api_error("ResourceLimitExceeded", "limit")] * 5
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 600, "MaxAttempts": 5}
    engine.create(step("Train", "Training", RetryPolicies=[policy]))
    arn = engine.start()

    engine.call("StopPipelineExecution", PipelineExecutionArn=arn)

    assert engine.wait(arn)["PipelineExecutionStatus"] == "Stopped"
    assert statuses(engine.steps(arn)) in ({"Train": "Stopped"}, {})


def test_branches_run_at_the_same_time(engine):
    engine.apis.held = {"A", "B"}
    engine.create(step("A"), step("B"))
    arn = engine.start()

    engine.wait_for_step(arn, "A")
    engine.wait_for_step(arn, "B")
    engine.apis.release("A")
    engine.apis.release("B")

    assert engine.wait(arn)["PipelineExecutionStatus"] == "Succeeded"


@pytest.mark.parametrize("where", ["pipeline", "execution"])
def test_no_more_steps_run_at_a_time_than_allowed(engine, where):
    limit = {"ParallelismConfiguration": {"MaxParallelExecutionSteps": 1}}
    engine.apis.held = {"A"}
    engine.create(step("A"), step("B"))
    if where == "pipeline":
        engine.call("UpdatePipeline", PipelineName="pipeline", **limit)
    arn = engine.start(**(limit if where == "execution" else {}))

    engine.wait_for_step(arn, "A")
    during = statuses(engine.steps(arn))
    engine.apis.release("A")
    engine.wait(arn)

    assert during == {"A": "Executing"}
    assert statuses(engine.steps(arn)) == {"A": "Succeeded", "B": "Succeeded"}


def test_running_steps_finish_after_a_failure_and_nothing_new_starts(engine):
    engine.apis.held = {"Slow"}
    engine.apis.ends["Bad"] = [{"FailureReason": "AlgorithmError: boom"}]
    engine.create(step("Slow"), step("Bad", DependsOn=[]), step("Next", DependsOn=["Slow"]))
    arn = engine.start()

    engine.wait_for_step(arn, "Bad", "Failed")
    engine.wait_for_step(arn, "Slow")
    engine.apis.release("Slow")

    assert engine.wait(arn)["PipelineExecutionStatus"] == "Failed"
    assert statuses(engine.steps(arn)) == {"Slow": "Succeeded", "Bad": "Failed"}


def test_stopping_stops_the_jobs_and_starts_nothing_new(engine):
    engine.apis.held = {"A"}
    engine.create(step("A"), step("B", DependsOn=["A"]))
    arn = engine.start()
    engine.wait_for_step(arn, "A")

    engine.call("StopPipelineExecution", PipelineExecutionArn=arn)
    execution = engine.wait(arn)

    assert execution["PipelineExecutionStatus"] == "Stopped"
    assert "FailureReason" not in execution
    assert statuses(engine.steps(arn)) == {"A": "Stopped"}
    assert len(engine.apis.jobs("stop_processing_job")) == 1


def test_a_stop_before_the_job_is_known_still_stops_it(engine, monkeypatch):
    engine.apis.held = {"A"}
    engine.create(step("A"))
    create = engine.apis._create_job

    def stop_while_creating(*arguments: Any) -> Any:
        response = create(*arguments)
        arn = engine.call("ListPipelineExecutions", PipelineName="pipeline")["PipelineExecutionSummaries"][0]
        engine.call("StopPipelineExecution", PipelineExecutionArn=arn["PipelineExecutionArn"])
        return response

    monkeypatch.setattr(engine.apis, "_create_job", stop_while_creating, raising=False)

    arn = engine.start()

    assert engine.wait(arn)["PipelineExecutionStatus"] == "Stopped"


def test_what_has_ended_cannot_be_stopped(engine):
    engine.create(step("A"))
    execution, _ = engine.run()

    with pytest.raises(ConflictError, match="is Succeeded; only one that is Executing can be stopped"):
        engine.call("StopPipelineExecution", PipelineExecutionArn=execution["PipelineExecutionArn"])


def test_a_retry_keeps_what_succeeded(engine):
    engine.apis.ends["B"] = [{"FailureReason": "AlgorithmError: boom"}, {}]
    engine.create(step("A"), gate(step("B", DependsOn=["A"])))
    execution, _ = engine.run()
    arn = execution["PipelineExecutionArn"]
    assert execution["PipelineExecutionStatus"] == "Failed"

    engine.call("RetryPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
    execution = engine.wait(arn)
    engine.call("RetryPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="t" * 32)

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert "FailureReason" not in execution
    assert len(engine.apis.jobs("create_processing_job")) == 3
    assert statuses(engine.steps(arn)) == {"A": "Succeeded", "Gate": "Succeeded", "B": "Succeeded"}


def test_a_success_cannot_be_retried(engine):
    engine.create(step("A"))
    execution, _ = engine.run()

    with pytest.raises(ConflictError, match="only one that is Failed or Stopped can be retried"):
        engine.call("RetryPipelineExecution", PipelineExecutionArn=execution["PipelineExecutionArn"])


OUTPUT = {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://b/o"}}]}}
USES_A = {"Environment": {"V": {"Get": "Steps.A.ProcessingOutputConfig.Outputs['o'].S3Output.S3Uri"}}}


def select(source: str | None, *names: str) -> dict[str, Any]:
    config: dict[str, Any] = {"SelectedSteps": [{"StepName": name} for name in names]}
    return {"SelectiveExecutionConfig": config | ({"SourcePipelineExecutionArn": source} if source else {})}


def test_a_selective_execution_takes_the_rest_from_its_source(engine):
    engine.create(step("A", arguments=OUTPUT), gate(step("B", arguments=USES_A)), step("C", DependsOn=["B"]))
    source = engine.run()[0]["PipelineExecutionArn"]
    engine.apis.calls.clear()

    execution, steps = engine.run(**select(source, "B"))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert [job["Environment"] for job in engine.apis.jobs("create_processing_job")] == [{"V": "s3://b/o"}]
    assert statuses(steps) == {"A": "Succeeded", "B": "Succeeded"}
    assert steps["A"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}


def test_a_selection_needs_a_source_for_what_it_depends_on(engine):
    engine.create(step("A", arguments=OUTPUT), step("B", arguments=USES_A))

    with pytest.raises(
        ValidationError, match=r"PipelineExecutionArn: null. The selected steps \['B'\] have dependencies"
    ):
        engine.start(**select(None, "B"))
    with pytest.raises(ValidationError, match=r"\['X'\] are no steps of the pipeline"):
        engine.start(**select(None, "X"))
    assert engine.run(**select(None, "A"))[0]["PipelineExecutionStatus"] == "Succeeded"


def test_a_selection_needs_results_that_succeeded(engine):
    engine.apis.ends["A"] = [{"FailureReason": "AlgorithmError: boom"}]
    engine.create(step("A", arguments=OUTPUT), step("B", arguments=USES_A))
    source = engine.run()[0]["PipelineExecutionArn"]

    with pytest.raises(
        ValidationError, match="The step 'A' that the selected steps depend on has no successful result"
    ):
        engine.start(**select(source, "B"))


CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}


def test_a_cache_hit_names_its_source_and_shows_the_old_job(engine):
    engine.create(step("A", **CACHED))
    first, before = engine.run()
    engine.run()

    _, after = engine.run()

    assert after["A"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first["PipelineExecutionArn"]}
    assert after["A"]["Metadata"] == before["A"]["Metadata"]
    assert len(engine.apis.jobs("create_processing_job")) == 1


def test_a_result_that_is_too_old_is_not_reused(engine):
    engine.create(step("A", **CACHED))
    engine.run()
    for key in list(engine.apis.store.keys()):
        if key.kind == "pipeline-step-cache":
            age = lambda record: record.update(ended=record["ended"] - timedelta(days=2))  # noqa: E731
            engine.apis.store.update(key, age)

    _, steps = engine.run()

    assert "CacheHitResult" not in steps["A"]


def test_another_pipeline_and_a_deleted_one_are_no_source(engine):
    engine.create(step("A", **CACHED))
    engine.create(step("A", **CACHED), name="other")
    engine.run()

    _, other = engine.run(name="other")
    engine.call("DeletePipeline", PipelineName="pipeline")
    engine.create(step("A", **CACHED))
    _, again = engine.run()

    assert "CacheHitResult" not in other["A"]
    assert "CacheHitResult" not in again["A"]


CALLBACK = {
    "SqsQueueUrl": "http://queue",
    "OutputParameters": [{"OutputName": "rows", "OutputType": "Integer"}],
}


def test_a_callback_waits_for_its_answer(engine):
    use = {"Environment": {"ROWS": {"Get": "Steps.Ask.OutputParameters['rows']"}}}
    engine.create(step("Ask", "Callback", {"uri": "s3://b"}, **CALLBACK), step("Use", arguments=use))
    arn = engine.start()
    token = engine.wait_for_step(arn, "Ask")["Metadata"]["Callback"]["CallbackToken"]

    outputs = [{"Name": "rows", "Value": "12"}]
    response = engine.call("SendPipelineExecutionStepSuccess", CallbackToken=token, OutputParameters=outputs)
    engine.wait(arn)

    assert response == {"PipelineExecutionArn": arn}
    message = {"token": token, "pipelineExecutionArn": arn, "status": "Executing", "arguments": {"uri": "s3://b"}}
    assert engine.apis.messages.get(timeout=5) == message
    assert engine.apis.jobs("create_processing_job")[0]["Environment"] == {"ROWS": 12}
    assert engine.steps(arn)["Ask"]["Metadata"]["Callback"]["OutputParameters"] == outputs


def test_a_failed_callback_fails_its_step(engine):
    engine.create(step("Ask", "Callback", **CALLBACK))
    arn = engine.start()
    token = engine.wait_for_step(arn, "Ask")["Metadata"]["Callback"]["CallbackToken"]

    engine.call("SendPipelineExecutionStepFailure", CallbackToken=token, FailureReason="rejected by hand")

    assert engine.wait(arn)["FailureReason"].endswith("[Ask] rejected by hand")
    with pytest.raises(ConflictError, match="was answered already: Failed"):
        engine.call("SendPipelineExecutionStepSuccess", CallbackToken=token)


def test_a_callback_must_return_what_it_declares(engine):
    engine.create(step("Ask", "Callback", **CALLBACK))
    arn = engine.start()
    token = engine.wait_for_step(arn, "Ask")["Metadata"]["Callback"]["CallbackToken"]

    engine.call(
        "SendPipelineExecutionStepSuccess", CallbackToken=token, OutputParameters=[{"Name": "rows", "Value": "x"}]
    )

    assert "'rows' must be of type Integer: 'x' is not a whole number" in engine.wait(arn)["FailureReason"]


def test_an_unknown_token_is_refused(engine):
    with pytest.raises(ResourceNotFoundError, match="No callback step waits with the token 'abcdefghij'"):
        engine.call("SendPipelineExecutionStepSuccess", CallbackToken="abcdefghij")


def test_a_stop_tells_the_queue_and_waits_for_the_callback(engine):
    engine.create(step("Ask", "Callback", **CALLBACK))
    arn = engine.start()
    token = engine.wait_for_step(arn, "Ask")["Metadata"]["Callback"]["CallbackToken"]

    engine.call("StopPipelineExecution", PipelineExecutionArn=arn)
    told = [engine.apis.messages.get(timeout=5)["status"] for _ in range(2)]
    engine.call("SendPipelineExecutionStepFailure", CallbackToken=token, FailureReason="stopped")

    assert told == ["Executing", "Stopping"]
    assert engine.wait(arn)["PipelineExecutionStatus"] == "Stopped"


def test_a_restart_ends_what_was_running_and_a_retry_goes_on(engine):
    engine.apis.held = {"B"}
    engine.create(step("A"), step("B", DependsOn=["A"]))
    arn = engine.start()
    engine.wait_for_step(arn, "B")
    snapshot = engine.apis.store.snapshot()
    engine.apis.release("B")
    engine.wait(arn)
    engine.apis.store.restore(snapshot)

    end_orphans(engine.apis.store, dt.datetime.now(dt.UTC))
    interrupted = engine.wait(arn)
    engine.call("RetryPipelineExecution", PipelineExecutionArn=arn)

    assert interrupted["PipelineExecutionStatus"] == "Failed"
    assert interrupted["FailureReason"]
    assert engine.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert len(engine.apis.jobs("create_processing_job")) == 3


def test_a_defect_of_the_engine_ends_the_step_with_a_reason(engine, monkeypatch):
    engine.create(step("A"))
    monkeypatch.setattr(engine.apis, "_create_job", lambda *_: {}, raising=False)

    execution, steps = engine.run()

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert steps["A"]["FailureReason"] == "InternalServerError: KeyError: 'ProcessingJobArn'"


def test_a_stored_definition_that_no_longer_parses_ends_the_execution(engine):
    engine.apis.ends["A"] = [{"FailureReason": "AlgorithmError: boom"}]
    engine.create(step("A"))
    arn = engine.run()[0]["PipelineExecutionArn"]
    key = engine.context.key("pipeline-execution", arn)
    engine.apis.store.update(key, lambda record: record.update(_definition="{}"))

    engine.call("RetryPipelineExecution", PipelineExecutionArn=arn)

    assert "Missing required member 'Version'" in engine.wait(arn)["FailureReason"]
