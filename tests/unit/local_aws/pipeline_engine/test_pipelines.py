"""The operations on pipelines, their versions and lists."""

import json

import pytest

from local_aws.errors import ConflictError, ResourceNotFoundError, ValidationError
from tests.compliance.engine import ROLE

FAIL = {"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}


def definition(message: str) -> str:
    step = {**FAIL, "Arguments": {"ErrorMessage": message}}
    return json.dumps({"Version": "2020-12-01", "Steps": [step]})


def test_names_are_unique_but_the_same_request_may_come_twice(engine):
    request = {"PipelineName": "p", "PipelineDefinition": definition("a"), "RoleArn": ROLE}

    first = engine.call("CreatePipeline", **request, ClientRequestToken="t" * 32)

    assert engine.call("CreatePipeline", **request, ClientRequestToken="t" * 32) == first
    with pytest.raises(ValidationError, match=r"Pipeline names must be unique within an AWS account .* already exists"):
        engine.call("CreatePipeline", **request, ClientRequestToken="u" * 32)


def test_exactly_one_definition_is_needed(engine):
    with pytest.raises(ValidationError, match="Exactly one of PipelineDefinition and PipelineDefinitionS3Location"):
        engine.call("CreatePipeline", PipelineName="p", RoleArn=ROLE)


def test_an_update_makes_a_version_and_running_executions_keep_theirs(engine):
    engine.create(FAIL)
    execution, _ = engine.run()

    updated = engine.call("UpdatePipeline", PipelineName="pipeline", PipelineDefinition=definition("b"))
    again = engine.call("UpdatePipeline", PipelineName="pipeline", PipelineDefinition=definition("b"))

    arn = execution["PipelineExecutionArn"]
    kept = engine.call("DescribePipelineDefinitionForExecution", PipelineExecutionArn=arn)["PipelineDefinition"]
    assert (updated["PipelineVersionId"], again["PipelineVersionId"]) == (2, 2)
    assert json.loads(kept)["Steps"] == [FAIL]
    assert engine.call("DescribePipeline", PipelineName="pipeline")["PipelineDefinition"] == definition("b")


def test_a_wrong_update_changes_nothing(engine):
    engine.create(FAIL)

    with pytest.raises(ValidationError, match="Unable to parse pipeline definition"):
        engine.call("UpdatePipeline", PipelineName="pipeline", PipelineDefinition="{")

    assert engine.run()[0]["FailureReason"].endswith("[F] no")


def test_an_execution_may_run_an_older_version(engine):
    engine.create(FAIL)
    engine.call("UpdatePipeline", PipelineName="pipeline", PipelineDefinition=definition("new"))
    arn = engine.call("DescribePipeline", PipelineName="pipeline")["PipelineArn"]
    alias = {"PipelineVersionAliasOperations": {"Add": ["stable"]}}
    engine.call("UpdatePipelineVersion", PipelineArn=arn, PipelineVersionId=1, **alias)

    execution, _ = engine.run(PipelineVersionAlias="stable")

    assert execution["FailureReason"].endswith("[F] no")
    listed = engine.call("ListPipelineVersions", PipelineName="pipeline")["PipelineVersionSummaries"]
    assert [version["PipelineVersionId"] for version in listed] == [2, 1]
    assert listed[1]["LastExecutionPipelineExecutionArn"] == execution["PipelineExecutionArn"]
    with pytest.raises(ResourceNotFoundError, match="Pipeline version 'other'"):
        engine.start(PipelineVersionAlias="other")


def test_a_running_pipeline_is_not_deleted(engine):
    engine.apis.held = {"A"}
    engine.create({"Name": "A", "Type": "Processing", "Arguments": {}})
    arn = engine.start()
    engine.wait_for_step(arn, "A")

    with pytest.raises(ConflictError, match="has running executions"):
        engine.call("DeletePipeline", PipelineName="pipeline")
    engine.apis.release("A")
    engine.wait(arn)
    engine.call("DeletePipeline", PipelineName="pipeline")

    with pytest.raises(ResourceNotFoundError, match=r"Pipeline 'arn:aws:.*:pipeline/pipeline' does not exist"):
        engine.call("DescribePipeline", PipelineName="pipeline")
    with pytest.raises(ResourceNotFoundError, match="Pipeline execution"):
        engine.call("DescribePipelineExecution", PipelineExecutionArn=arn)


def test_the_same_token_starts_one_execution(engine):
    engine.create(FAIL, Parameters=[{"Name": "P", "Type": "String", "DefaultValue": "a"}])

    first = engine.start(ClientRequestToken="t" * 32)

    assert engine.start(ClientRequestToken="t" * 32) == first
    assert engine.start(ClientRequestToken="u" * 32) != first
    with pytest.raises(ConflictError, match="was used with other parameters"):
        engine.start(ClientRequestToken="t" * 32, parameters={"P": "b"})


def test_a_pipeline_may_be_named_by_its_arn(engine):
    engine.create(FAIL)
    arn = engine.call("DescribePipeline", PipelineName="pipeline")["PipelineArn"]

    execution, _ = engine.run(name=arn)

    listed = engine.call("ListPipelineExecutions", PipelineName=arn)["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in listed] == [execution["PipelineExecutionArn"]]
    assert listed[0]["PipelineExecutionFailureReason"] == execution["FailureReason"]


def test_pipelines_are_listed_by_prefix(engine):
    for name in ("flights-a", "flights-b", "other"):
        engine.create(FAIL, name=name)

    request = {"PipelineNamePrefix": "flights", "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 1}
    page = engine.call("ListPipelines", **request)
    rest = engine.call("ListPipelines", **request, NextToken=page["NextToken"])

    names = [item["PipelineName"] for item in (*page["PipelineSummaries"], *rest["PipelineSummaries"])]
    assert names == ["flights-a", "flights-b"]
    assert "NextToken" not in rest


def test_an_execution_is_renamed(engine):
    engine.create(FAIL)
    execution, _ = engine.run(PipelineExecutionDisplayName="first", PipelineExecutionDescription="a try")
    arn = execution["PipelineExecutionArn"]

    engine.call("UpdatePipelineExecution", PipelineExecutionArn=arn, PipelineExecutionDisplayName="renamed")

    described = engine.call("DescribePipelineExecution", PipelineExecutionArn=arn)
    assert described["PipelineExecutionDisplayName"] == "renamed"
    assert described["PipelineExecutionDescription"] == "a try"
