"""What the scoring stack deploys: a table that Athena can read, a schedule where a stage has one, and who hears."""

import json
import re
from dataclasses import replace

import pytest

from infra.settings import STAGES, Scoring
from tests.infra.synthesis import synthesise


def of_scoring(assembly, kind):
    return [r for r in assembly.resources(kind) if r.stack.endswith("-Scoring")]


def table_of(assembly):
    (table,) = of_scoring(assembly, "AWS::Glue::Table")
    return table.properties["TableInput"]


def definition_of(assembly):
    (machine,) = of_scoring(assembly, "AWS::StepFunctions::StateMachine")
    return json.loads(machine.properties["DefinitionString"])


def test_table_lies_where_the_transform_job_writes_and_needs_no_registration(sandbox):
    table = table_of(sandbox)
    output = definition_of(sandbox)["States"]["Score"]["Parameters"]["TransformOutput"]["S3OutputPath.$"]

    written = re.search(r"/(predictions/date=)\{\}'", output)[1]
    template = table["Parameters"]["storage.location.template"]
    assert template.endswith(f"/{written}${{date}}/")
    assert template.startswith(table["StorageDescriptor"]["Location"])
    assert table["Parameters"]["projection.enabled"] == "true"
    assert [key["Name"] for key in table["PartitionKeys"]] == ["date"]


def test_columns_are_unique_in_lower_case_and_no_partition(sandbox):
    names = [column["Name"] for column in table_of(sandbox)["StorageDescriptor"]["Columns"]]

    assert len(names) == len(set(names))
    assert names == [name.lower() for name in names]
    assert "date" not in names


def test_sandbox_scores_by_hand_only(sandbox):
    assert of_scoring(sandbox, "AWS::Scheduler::Schedule") == []
    assert of_scoring(sandbox, "AWS::CloudWatch::Alarm") == []


def test_production_scores_every_evening_and_hears_where_it_does_not(prod):
    (schedule,) = of_scoring(prod, "AWS::Scheduler::Schedule")
    (machine,) = of_scoring(prod, "AWS::StepFunctions::StateMachine")
    alarms = {a.properties["MetricName"]: a.properties for a in of_scoring(prod, "AWS::CloudWatch::Alarm")}
    (rule,) = of_scoring(prod, "AWS::Events::Rule")

    target = schedule.properties["Target"]
    assert schedule.properties["ScheduleExpression"] == "cron(5 1 * * ? *)"
    assert json.loads(target["Input"]) == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert target["Arn"] == prod.arn(machine.stack, machine.logical_id)
    silent = alarms["ExecutionsSucceeded"]
    assert (silent["TreatMissingData"], silent["Period"], silent["EvaluationPeriods"]) == ("breaching", 3600, 26)
    assert set(alarms) == {"ExecutionsSucceeded", "TargetErrorCount"}
    assert all(alarm["AlarmActions"] for alarm in alarms.values())
    assert rule.properties["EventPattern"]["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]


def day_of(assembly):
    states = definition_of(assembly)["States"]
    missing = states["IsThereSuchADay"]["Choices"][0]["StringEquals"]
    return states["TakeScheduledDay"]["Assign"]["day.$"].partition(", States.ArrayGetItem")[0], missing


def test_scheduled_day_is_the_same_date_of_the_one_year_there_is(sandbox):
    assert day_of(sandbox) == ("States.Format('2013-{}-{}'", "2013-02-29")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A stage with schedules of the present year, where Lake Formation decides."""
    scoring = Scoring(year=None, readers=("role/analysts",))
    stage = replace(STAGES["sandbox"], manages_lake_formation=True, scoring=scoring)
    return synthesise(stage, tmp_path_factory.mktemp("other") / "cdk.out")


def test_scheduled_day_is_the_date_where_the_raw_zone_has_it(other):
    assert day_of(other) == ("States.Format('{}-{}-{}'", "none")


def test_lake_formation_lets_the_named_roles_query(other, sandbox):
    (grant,) = of_scoring(other, "AWS::LakeFormation::PrincipalPermissions")

    properties = grant.properties
    assert properties["Principal"]["DataLakePrincipalIdentifier"].endswith(":role/analysts")
    assert properties["Resource"]["Table"]["Name"] == "predictions"
    assert properties["Permissions"] == ["SELECT", "DESCRIBE"]
    assert of_scoring(sandbox, "AWS::LakeFormation::PrincipalPermissions") == []
