"""The events that SageMaker and Step Functions emit about themselves."""

import time

import pytest

from tests.integration.local_aws.job_driver import IMAGE

EVENTS = "events.amazonaws.com"


@pytest.fixture
def listen(queue, rule):
    """Collect events: `listen({"detail-type": […]})` → a queue."""

    def listen(pattern):
        target = queue()
        target.allow(EVENTS, rule(pattern, {"Arn": target.arn}))
        return target

    return listen


def test_a_model_package_tells_its_registration_and_its_approval(api, listen, unique):
    group, sagemaker = unique("group"), api("sagemaker")
    heard = listen(
        {"detail-type": ["SageMaker Model Package State Change"], "detail": {"ModelPackageGroupName": [group]}}
    )
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": [],
        },
        CustomerMetadataProperties={"threshold": "0.5"},
    )["ModelPackageArn"]

    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"note": "no change of state"})
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    events = sorted(heard.bodies(2), key=lambda event: event["detail"]["LastModifiedTime"])
    assert sorted(event["detail"]["ModelApprovalStatus"] for event in events) == ["Approved", "PendingManualApproval"]
    detail = next(event["detail"] for event in events if event["detail"]["ModelApprovalStatus"] == "Approved")
    assert events[0]["resources"] == [arn]
    assert detail["ModelPackageArn"] == arn
    assert (detail["ModelPackageVersion"], detail["ModelPackageStatus"]) == (1, "Completed")
    assert detail["InferenceSpecification"]["Containers"][0]["Image"] == IMAGE
    assert detail["CustomerMetadataProperties"] == {"threshold": "0.5", "note": "no change of state"}


def test_a_pipeline_tells_of_itself_and_its_steps(api, listen, role, unique):
    name, sagemaker = unique("pipeline"), api("sagemaker")
    definition = (
        '{"Version": "2020-12-01", "Steps": [{"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]}'
    )
    owner = role("sagemaker.amazonaws.com")
    arn = sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition=definition, RoleArn=owner, ClientRequestToken=name.ljust(32, "x")
    )["PipelineArn"]
    heard = listen({"source": ["aws.sagemaker"], "detail": {"pipelineArn": [arn]}})

    execution = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]

    events = heard.bodies(4)
    kind = "SageMaker Model Building Pipeline Execution"
    whole = [event["detail"] for event in events if event["detail-type"] == f"{kind} Status Change"]
    steps = [event["detail"] for event in events if event["detail-type"] == f"{kind} Step Status Change"]
    changes = {(item["previousPipelineExecutionStatus"], item["currentPipelineExecutionStatus"]) for item in whole}
    assert changes == {("", "Executing"), ("Executing", "Failed")}
    assert {item["pipelineExecutionArn"] for item in [*whole, *steps]} == {execution}
    last = next(item for item in steps if item["previousStepStatus"])
    assert (last["stepName"], last["stepType"], last["currentStepStatus"]) == ("No", "Fail", "Failed")
    assert "executionEndTime" in next(item for item in whole if item["previousPipelineExecutionStatus"])


def test_a_job_tells_its_states_with_times_in_milliseconds(api, listen, role, unique):
    name = unique("job")
    heard = listen({"detail-type": ["SageMaker Processing Job State Change"], "detail": {"ProcessingJobName": [name]}})

    api("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn=role("sagemaker.amazonaws.com", "*"),
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", "raise SystemExit(3)"]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )

    states = {event["detail"]["ProcessingJobStatus"]: event["detail"] for event in heard.bodies(2, seconds=30)}
    assert set(states) == {"InProgress", "Failed"}
    assert states["Failed"]["ProcessingEndTime"] >= states["Failed"]["CreationTime"] > 1_700_000_000_000
    assert states["Failed"]["Tags"] == {}


def test_a_state_machine_tells_how_its_executions_end(listen, machine, start):
    arn = machine({"No": {"Type": "Fail", "Error": "Mine", "Cause": "because"}})
    heard = listen({"source": ["aws.states"], "detail": {"stateMachineArn": [arn], "status": ["FAILED"]}})

    execution = start(arn, {"a": 1})

    (event,) = heard.bodies()
    detail = event["detail"]
    assert (event["detail-type"], event["resources"]) == ("Step Functions Execution Status Change", [execution.arn])
    assert (detail["error"], detail["cause"], detail["input"]) == ("Mine", "because", '{"a": 1}')
    assert detail["stopDate"] >= detail["startDate"]


def test_an_approved_package_starts_a_pipeline(api, machine, rule, role, unique):
    group, name, sagemaker = unique("group"), unique("pipeline"), api("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    step = '{"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.Why"}}}'
    definition = f'{{"Version": "2020-12-01", "Parameters": [{{"Name": "Why", "Type": "String"}}], "Steps": [{step}]}}'
    arn = sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=definition,
        RoleArn=role("sagemaker.amazonaws.com"),
        ClientRequestToken=name.ljust(32, "x"),
    )["PipelineArn"]
    parameters = {"PipelineParameterList": [{"Name": "Why", "Value": "drift"}]}
    target = {
        "Arn": arn,
        "RoleArn": role(EVENTS, "sagemaker:StartPipelineExecution"),
        "SageMakerPipelineParameters": parameters,
    }
    rule({"source": ["aws.sagemaker"], "detail": {"ModelPackageGroupName": [group]}}, target)

    sagemaker.create_model_package(ModelPackageGroupName=group)

    executions = until(lambda: sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"])
    given = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=executions[0]["PipelineExecutionArn"])
    assert given["PipelineParameters"] == [{"Name": "Why", "Value": "drift"}]


def until(found):
    end = time.monotonic() + 15
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return value
