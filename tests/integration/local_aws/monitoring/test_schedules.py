"""Model Monitor: job definitions and schedules through boto3, whose executions are real processing jobs."""

import datetime as dt
import json
import time

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.integration.local_aws.hosting.conftest import Hosting

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
CLARIFY = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
ROLE = "arn:aws:iam::123456789012:role/monitoring"
HOURLY = "cron(0 * ? * * *)"
MONITOR = r"""
import json, os, pathlib
env = os.environ
source = pathlib.Path(env["dataset_source"])
files = sorted(path for path in source.rglob("*.jsonl"))
records = [json.loads(line) for path in files for line in path.read_text().splitlines()]
constraints = json.loads(pathlib.Path(env["baseline_constraints"]).read_text())
output = pathlib.Path(env["output_path"])
names = ("sagemaker_endpoint_name", "sagemaker_monitoring_schedule_name", "start_time", "end_time", "mine")
seen = {"folders": sorted({str(path.parent.relative_to(source)) for path in files}), "records": records}
(output / "seen.json").write_text(json.dumps({**seen, **{name: env.get(name) for name in names}}))
violations = [{"feature_name": "rows"}] if len(records) > constraints["most"] else []
(output / "constraint_violations.json").write_text(json.dumps({"violations": violations}))
metric = {"MetricName": "rows", "Timestamp": env["end_time"], "Value": len(records),
          "Dimensions": [{"Name": "MonitoringSchedule", "Value": env["sagemaker_monitoring_schedule_name"]}]}
pathlib.Path("/opt/ml/output/metrics/cloudwatch/metrics.jsonl").write_text(json.dumps(metric) + "\n" + "no metric\n")
if any(record["captureData"]["endpointInput"]["data"] == "fail" for record in records):
    pathlib.Path("/opt/ml/output/message").write_text("no use")
    raise SystemExit(3)
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(Settings(root=tmp_path_factory.mktemp("monitoring"), stop_grace_seconds=1)) as running:
        yield running


@pytest.fixture(scope="module")
def sagemaker(aws):
    return aws.clients("sagemaker", "us-east-1")


@pytest.fixture(scope="module")
def watched(aws):
    """An endpoint with two variants that captures, and the files that a monitor reads."""
    numbers = iter(range(100))
    s3 = aws.clients("s3", "us-east-1")
    s3.create_bucket(Bucket="monitored")
    s3.put_object(Bucket="monitored", Key="code/monitor.py", Body=MONITOR.encode())
    s3.put_object(Bucket="monitored", Key="baseline/constraints.json", Body=b'{"most": 2}')
    hosting = Hosting(
        lambda service: aws.clients(service, "us-east-1"), "monitored", lambda text: f"{text}{next(numbers)}"
    )
    made = hosting.endpoint(
        hosting.variant("champion"), hosting.variant("challenger"), DataCaptureConfig=hosting.capture()
    )
    yield hosting, made
    hosting.delete(made)


@pytest.fixture
def hour(aws):
    """A new hour, in which nothing has been captured yet."""
    aws.plane.clock.advance(3600 - aws.plane.clock.time() % 3600 + 1)
    return aws.plane.clock.now()


def definition(kind, endpoint, *, image=IMAGE, truth=None, **app):
    script = {"RecordPreprocessorSourceUri": "s3://monitored/code/monitor.py"} if image == IMAGE else {}
    entry = ["python3", "/opt/ml/processing/input/record_preprocessor_script_input/monitor.py"]
    entry = {"ContainerEntrypoint": entry} if image == IMAGE else {}
    place = {"EndpointName": endpoint, "LocalPath": "/opt/ml/processing/input/endpoint"}
    output = {"S3Uri": "s3://monitored/reports", "LocalPath": "/opt/ml/processing/output"}
    constraints = {"ConstraintsResource": {"S3Uri": "s3://monitored/baseline/constraints.json"}}
    return {
        f"{kind}AppSpecification": {"ImageUri": image, "Environment": {"mine": "yes"}, **script, **entry, **app},
        f"{kind}BaselineConfig": constraints,
        f"{kind}JobInput": {
            "EndpointInput": place, **({"GroundTruthS3Input": {"S3Uri": truth}} if truth else {}),
        },
        f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        "RoleArn": ROLE,
    }  # fmt: skip


def schedule(sagemaker, name, kind, expression=HOURLY, **more):
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "ScheduleConfig": {"ScheduleExpression": expression, **more},
            "MonitoringJobDefinitionName": name, "MonitoringType": kind,
        },
    )  # fmt: skip


def executions(sagemaker, name, count=1):
    """Return the executions of a schedule, the newest first, once so many have ended."""
    deadline = time.monotonic() + 60
    while True:
        found = sagemaker.list_monitoring_executions(MonitoringScheduleName=name)["MonitoringExecutionSummaries"]
        if len(found) >= count and not {"Pending", "InProgress"} & {
            item["MonitoringExecutionStatus"] for item in found
        }:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_each_hour_is_looked_at_by_a_processing_job_of_its_own(aws, sagemaker, watched, hour):
    hosting, endpoint = watched
    s3, clock = aws.clients("s3", "us-east-1"), aws.plane.clock
    sagemaker.create_data_quality_job_definition(
        JobDefinitionName="quality", Tags=[{"Key": "team", "Value": "a"}], **definition("DataQuality", endpoint)
    )
    schedule(sagemaker, "quality", "DataQuality")
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="quality")
    assert (described["MonitoringScheduleStatus"], described["EndpointName"]) == ("Scheduled", endpoint)
    for variant in ("champion", "challenger"):
        hosting.ask(endpoint, TargetVariant=variant, InferenceId=f"id-{variant}")
    clock.advance(3600)
    first = executions(sagemaker, "quality")[0]
    for _ in range(3):
        hosting.ask(endpoint, TargetVariant="champion")
    clock.advance(3600)
    second = executions(sagemaker, "quality", 2)[0]
    clock.advance(3600)
    third = executions(sagemaker, "quality", 3)[0]

    assert [item["MonitoringExecutionStatus"] for item in (first, second, third)] == [
        "Completed", "CompletedWithViolations", "Failed",
    ]  # fmt: skip
    assert third["FailureReason"] == "Job inputs had no data"
    assert "ProcessingJobArn" not in third
    assert second["ScheduledTime"] - first["ScheduledTime"] == dt.timedelta(hours=1)
    job = sagemaker.describe_processing_job(ProcessingJobName=first["ProcessingJobArn"].rpartition("/")[2])
    assert job["MonitoringScheduleArn"] == described["MonitoringScheduleArn"]
    place = f"reports/{endpoint}/quality/{first['ScheduledTime']:%Y/%m/%d/%H}"
    seen = json.loads(s3.get_object(Bucket="monitored", Key=f"{place}/seen.json")["Body"].read())
    assert seen["folders"] == [f"{endpoint}/{name}/{hour:%Y/%m/%d/%H}" for name in ("challenger", "champion")]
    assert {item["eventMetadata"]["inferenceId"] for item in seen["records"]} == {"id-champion", "id-challenger"}
    assert (seen["sagemaker_endpoint_name"], seen["sagemaker_monitoring_schedule_name"]) == (endpoint, "quality")
    assert (seen["start_time"], seen["end_time"]) == (
        f"{hour:%Y-%m-%dT%H:00:00Z}",
        f"{clock.now() - dt.timedelta(hours=2):%Y-%m-%dT%H:00:00Z}",
    )
    assert seen["mine"] == "yes"
    rows = aws.clients("cloudwatch", "us-east-1").get_metric_statistics(
        Namespace="/aws/sagemaker/Endpoint/data-metrics",
        MetricName="rows",
        Dimensions=[{"Name": "MonitoringSchedule", "Value": "quality"}],
        StartTime=hour,
        EndTime=clock.now() + dt.timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sorted(point["Sum"] for point in rows) == [2.0, 3.0]
    last = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="quality")["LastMonitoringExecutionSummary"]
    assert last["ScheduledTime"] == third["ScheduledTime"]

    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="quality")
    clock.advance(3600)
    assert len(executions(sagemaker, "quality")) == 3
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="quality")
    assert len(executions(sagemaker, "quality")) == 3, "the history stays"
    with pytest.raises(ClientError, match="does not exist") as caught:
        sagemaker.describe_monitoring_schedule(MonitoringScheduleName="quality")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


def test_ground_truth_is_merged_before_a_quality_monitor_runs(aws, sagemaker, watched, hour):
    hosting, endpoint = watched
    s3 = aws.clients("s3", "us-east-1")
    hosting.ask(endpoint, InferenceId="labelled")
    hosting.ask(endpoint, InferenceId="unlabelled")
    label = {
        "groundTruthData": {"data": "1", "encoding": "CSV"},
        "eventMetadata": {"eventId": "labelled"},
        "eventVersion": "0",
    }
    s3.put_object(Bucket="monitored", Key=f"truth/{hour:%Y/%m/%d/%H}/labels.jsonl", Body=json.dumps(label).encode())
    given = definition("ModelQuality", endpoint, truth="s3://monitored/truth", ProblemType="BinaryClassification")
    sagemaker.create_model_quality_job_definition(JobDefinitionName="labels", **given)

    schedule(sagemaker, "labels", "ModelQuality", "NOW", DataAnalysisStartTime="-PT1H", DataAnalysisEndTime="PT0H")

    ended = executions(sagemaker, "labels")[0]
    assert ended["MonitoringExecutionStatus"] == "Completed", ended["FailureReason"]
    folder = f"reports/{endpoint}/labels/{ended['ScheduledTime']:%Y/%m/%d/%H}"
    seen = json.loads(s3.get_object(Bucket="monitored", Key=f"{folder}/seen.json")["Body"].read())
    assert [item["groundTruthData"]["data"] for item in seen["records"]] == ["1"]
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="labels")
    assert described["MonitoringScheduleStatus"] == "Stopped", "it fires once"


@pytest.mark.usefixtures("hour")
def test_a_failed_job_fails_its_execution(sagemaker, watched):
    hosting, endpoint = watched
    hosting.ask(endpoint, "fail")
    sagemaker.create_data_quality_job_definition(JobDefinitionName="dies", **definition("DataQuality", endpoint))

    schedule(sagemaker, "dies", "DataQuality", "NOW", DataAnalysisStartTime="-PT1H", DataAnalysisEndTime="PT0H")

    ended = executions(sagemaker, "dies")[0]
    assert ended["MonitoringExecutionStatus"] == "Failed"
    assert "no use" in ended["FailureReason"]
    assert ended["ProcessingJobArn"]


@pytest.mark.parametrize(
    ("kind", "image", "app"),
    [("DataQuality", ANALYZER, {}), ("ModelExplainability", CLARIFY, {"ConfigUri": "s3://monitored/baseline"})],
)
def test_images_that_nobody_can_run_here_fail_and_say_so(sagemaker, watched, kind, image, app):
    hosting, endpoint = watched
    hosting.ask(endpoint)
    name = f"image-{kind}"
    given = definition(kind, endpoint, image=image, **app)
    create = {
        "DataQuality": sagemaker.create_data_quality_job_definition,
        "ModelExplainability": sagemaker.create_model_explainability_job_definition,
    }
    create[kind](JobDefinitionName=name, **given)

    schedule(sagemaker, name, kind, "NOW", DataAnalysisStartTime="-PT1H", DataAnalysisEndTime="PT0H")

    ended = executions(sagemaker, name)[0]
    assert ended["MonitoringExecutionStatus"] == "Failed"
    assert f"cannot run the image '{image}'" in ended["FailureReason"]


def test_wrong_requests_are_refused(sagemaker):
    def code(call, **request):
        with pytest.raises(ClientError) as caught:
            call(**request)
        return caught.value.response["Error"]["Code"]

    given = definition("DataQuality", "e")
    sagemaker.create_data_quality_job_definition(JobDefinitionName="taken", **given)
    assert code(sagemaker.create_data_quality_job_definition, JobDefinitionName="taken", **given) == "ResourceInUse"
    assert code(sagemaker.describe_data_quality_job_definition, JobDefinitionName="none") == "ResourceNotFound"
    assert code(sagemaker.delete_model_bias_job_definition, JobDefinitionName="taken") == "ResourceNotFound"
    named = {"MonitoringJobDefinitionName": "taken", "MonitoringType": "DataQuality"}
    wrong = [
        {"ScheduleConfig": {"ScheduleExpression": "cron(5 * ? * * *)"}, **named},
        {"ScheduleConfig": {"ScheduleExpression": "NOW"}, **named},
        {"ScheduleConfig": {"ScheduleExpression": HOURLY}},
        {"ScheduleConfig": {"ScheduleExpression": HOURLY}, "MonitoringJobDefinitionName": "taken"},
    ]
    create = sagemaker.create_monitoring_schedule
    codes = {code(create, MonitoringScheduleName="s", MonitoringScheduleConfig=config) for config in wrong}
    assert codes == {"ValidationException"}
    other = {"ScheduleConfig": {"ScheduleExpression": HOURLY}, **named, "MonitoringType": "ModelBias"}
    assert code(create, MonitoringScheduleName="s", MonitoringScheduleConfig=other) == "ResourceNotFound"
    assert code(sagemaker.start_monitoring_schedule, MonitoringScheduleName="s") == "ResourceNotFound"
    assert code(sagemaker.list_monitoring_alerts, MonitoringScheduleName="s") == "NotImplementedException"


def test_definitions_and_schedules_are_listed_and_tagged(sagemaker):
    arn = sagemaker.create_data_quality_job_definition(
        JobDefinitionName="listed", Tags=[{"Key": "team", "Value": "a"}], **definition("DataQuality", "listed")
    )["JobDefinitionArn"]
    schedule(sagemaker, "listed", "DataQuality", "cron(0 17/12 ? * * *)")

    definitions = sagemaker.list_data_quality_job_definitions(EndpointName="listed")["JobDefinitionSummaries"]
    schedules = sagemaker.list_monitoring_schedules(EndpointName="listed")["MonitoringScheduleSummaries"]

    assert [item["MonitoringJobDefinitionArn"] for item in definitions] == [arn]
    assert [(item["MonitoringScheduleName"], item["MonitoringType"]) for item in schedules] == [
        ("listed", "DataQuality")
    ]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    sagemaker.add_tags(ResourceArn=schedules[0]["MonitoringScheduleArn"], Tags=[{"Key": "x", "Value": "y"}])
    assert sagemaker.list_tags(ResourceArn=schedules[0]["MonitoringScheduleArn"])["Tags"] == [
        {"Key": "x", "Value": "y"}
    ]
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="listed")


def test_stacks_make_change_and_delete_schedules(aws, sagemaker):
    cloudformation = aws.clients("cloudformation", "us-east-1")

    def template(expression):
        config = {
            "ScheduleConfig": {"ScheduleExpression": expression},
            "MonitoringJobDefinitionName": {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Job"}]}]},
            "MonitoringType": "DataQuality",
        }
        job = definition("DataQuality", "stacked")
        return json.dumps({
            "Resources": {
                "Job": {"Type": "AWS::SageMaker::DataQualityJobDefinition", "Properties": job},
                "Schedule": {
                    "Type": "AWS::SageMaker::MonitoringSchedule",
                    "Properties": {"MonitoringScheduleName": "stacked", "MonitoringScheduleConfig": config},
                },
            },
            "Outputs": {
                "Ref": {"Value": {"Ref": "Schedule"}},
                "Arn": {"Value": {"Fn::GetAtt": ["Schedule", "MonitoringScheduleArn"]}},
            },
        })  # fmt: skip

    def status(*ended):
        deadline = time.monotonic() + 30
        while True:
            stack = cloudformation.describe_stacks(StackName=arn)["Stacks"][0]
            if stack["StackStatus"] in ended:
                return stack
            assert time.monotonic() < deadline, cloudformation.describe_stack_events(StackName=arn)["StackEvents"]
            time.sleep(0.05)

    arn = cloudformation.create_stack(StackName="monitors", TemplateBody=template(HOURLY))["StackId"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in status("CREATE_COMPLETE")["Outputs"]}
    cloudformation.update_stack(StackName="monitors", TemplateBody=template("cron(0 3 ? * * *)"))
    status("UPDATE_COMPLETE")
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="stacked")
    cloudformation.delete_stack(StackName="monitors")
    status("DELETE_COMPLETE")

    assert set(outputs.values()) == {described["MonitoringScheduleArn"]}
    assert described["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == "cron(0 3 ? * * *)"
    assert not sagemaker.list_monitoring_schedules(NameContains="stacked")["MonitoringScheduleSummaries"]
    assert not sagemaker.list_data_quality_job_definitions(EndpointName="stacked")["JobDefinitionSummaries"]
