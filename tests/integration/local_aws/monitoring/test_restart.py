"""Schedules and their executions survive the end of the local AWS."""

import datetime as dt
import time

from local_aws.server import LocalAws
from local_aws.settings import Settings
from local_aws.store import Key
from tests.integration.local_aws.monitoring.test_under_enforcement import definition

ROLE = "arn:aws:iam::123456789012:role/monitoring"


def execution(moment, status):
    return {
        "MonitoringScheduleName": "hourly",
        "ScheduledTime": moment,
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "MonitoringExecutionStatus": status,
    }


def test_executions_go_on_after_a_restart(tmp_path):
    settings = Settings(root=tmp_path, is_persistent=True)
    with LocalAws(settings) as aws:
        sagemaker = aws.clients("sagemaker", "us-east-1")
        sagemaker.create_data_quality_job_definition(JobDefinitionName="d", **definition(ROLE))
        config = {
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
            "MonitoringJobDefinitionName": "d",
            "MonitoringType": "DataQuality",
        }
        sagemaker.create_monitoring_schedule(MonitoringScheduleName="hourly", MonitoringScheduleConfig=config)
        hour = dt.datetime.fromtimestamp(aws.plane.clock.time() // 3600 * 3600, dt.UTC)
        for ago, status in ((2, "InProgress"), (1, "Pending")):
            moment = hour - dt.timedelta(hours=ago)
            key = Key("monitoring-execution", f"hourly/{moment.timestamp():.3f}", "123456789012", "us-east-1")
            aws.plane.store.insert(key, execution(moment, status))

    with LocalAws(settings) as aws:
        sagemaker = aws.clients("sagemaker", "us-east-1")
        aws.plane.clock.advance(3600)
        deadline = time.monotonic() + 30
        while True:
            found = sagemaker.list_monitoring_executions(SortOrder="Ascending")["MonitoringExecutionSummaries"]
            if {item["MonitoringExecutionStatus"] for item in found} == {"Failed"} and len(found) == 3:
                break
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    assert "was stopped" in found[0]["FailureReason"]
    assert [item["FailureReason"] for item in found[1:]] == ["ClientError: the endpoint e does not exist."] * 2
