"""Data capture: SageMaker's layout and format, and every answered request exactly once."""

import base64
import datetime as dt
import os
import re
import signal
from collections import Counter

from local_aws.hosting.processes import tree
from local_aws.store import Key
from tests.integration.local_aws.hosting.conftest import Clients


def test_a_request_is_captured_in_the_documented_layout_and_format(hosting):
    name = hosting.endpoint(DataCaptureConfig=hosting.capture())
    hosting.ask(name, "1,2", InferenceId="flight-1", CustomAttributes="trace=7")
    hosting.delete(name)

    [(key, record)] = hosting.captured(name)

    hour = dt.datetime.fromisoformat(record["eventMetadata"]["inferenceTime"]).strftime("%Y/%m/%d/%H")
    assert re.fullmatch(rf"capture/{name}/champion/{hour}/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl", key)
    event = record.pop("eventMetadata")
    assert re.fullmatch(r"[0-9a-f-]{36}", event.pop("eventId"))
    assert event.pop("inferenceTime").endswith("Z")
    assert event == {"inferenceId": "flight-1", "customAttributes": ["trace=7"]}
    part = {"observedContentType": "text/csv", "encoding": "CSV"}
    assert record == {
        "captureData": {
            "endpointInput": {**part, "mode": "INPUT", "data": "1,2"},
            "endpointOutput": {**part, "mode": "OUTPUT", "data": "champion:1,2"},
        },
        "eventVersion": "0",
    }


def test_a_content_type_that_is_not_listed_is_captured_as_base64(hosting):
    options = [{"CaptureMode": "Input"}]
    name = hosting.endpoint(DataCaptureConfig=hosting.capture(CaptureOptions=options))
    hosting.ask(name, b"\x00\xff", ContentType="application/octet-stream")
    hosting.ask(name, "3,4", ContentType="text/csv; charset=utf-8")
    hosting.delete(name)

    parts = [record["captureData"]["endpointInput"] for _, record in hosting.captured(name)]

    assert [(part["data"], part["encoding"]) for part in parts] == [
        (base64.b64encode(b"\x00\xff").decode(), "BASE64"),
        ("3,4", "CSV"),
    ]


def test_no_request_is_captured_where_none_is_sampled(hosting):
    name = hosting.endpoint(DataCaptureConfig=hosting.capture(InitialSamplingPercentage=0))
    hosting.ask(name)
    hosting.delete(name)

    assert hosting.captured(name) == []


def test_sixteen_clients_are_captured_once_each_while_an_instance_is_killed(hosting, local_aws):
    name = hosting.endpoint(hosting.variant(count=2), DataCaptureConfig=hosting.capture())
    pool = local_aws.plane.endpoints.get(Key("endpoint", name, "123456789012", "us-east-1")).fleet.pools["champion"]

    def work(number, _):
        for item in range(40):
            identity = f"{number}-{item}"
            if identity == "3-20":
                for pid in tree(pool.instances[0].pids):
                    os.kill(pid, signal.SIGKILL)
            yield lambda identity=identity: hosting.ask(name, identity, InferenceId=identity) and identity

    with Clients(16, work) as clients:
        pass

    counts = Counter(error.response["Error"]["Code"] for error in clients.errors)
    assert set(counts) <= {"ModelError"}, counts
    assert counts.total() <= 16
    assert len(clients.answers) + counts.total() == 640
    hosting.delete(name)
    assert hosting.ids(name) == sorted(clients.answers)


def test_a_dead_instance_is_replaced_before_the_next_answer(hosting):
    name = hosting.endpoint()

    def die():
        return hosting.ask(name, "die")

    with Clients(1, lambda *_: [die]) as clients:
        pass

    assert [error.response["Error"]["Code"] for error in clients.errors] == ["ModelError"]
    assert clients.errors[0].response["OriginalStatusCode"] == 0
    assert hosting.ask(name) == "champion:1,2"
