"""Events of a local AWS that enforces IAM."""

import json

import pytest

from tests.integration.local_aws.step_functions.conftest import api, aws, machine, role, start, stored

__all__ = ["api", "aws", "machine", "role", "start", "stored"]


class Queue:
    """A queue whose messages a test reads."""

    def __init__(self, sqs, url, arn):
        self.sqs, self.url, self.arn = sqs, url, arn

    def allow(self, service, source):
        condition = {"ArnEquals": {"aws:SourceArn": source}}
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": condition,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def messages(self, count=1, seconds=10):
        """Wait for some messages and return them; fewer where no more come."""
        found = []
        for _ in range(seconds):
            if len(found) >= count:
                break
            received = self.sqs.receive_message(
                QueueUrl=self.url, WaitTimeSeconds=1, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            ).get("Messages", [])
            for message in received:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            found += received
        return found

    def bodies(self, count=1, seconds=10):
        return [json.loads(message["Body"]) for message in self.messages(count, seconds)]


@pytest.fixture
def queue(api, unique):
    """Make a queue: `queue()`."""

    def make():
        url = api("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
        got = api("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return Queue(api("sqs"), url, got["Attributes"]["QueueArn"])

    return make


@pytest.fixture
def rule(api, unique):
    """Make a rule with targets: `rule({"source": ["mine"]}, {"Arn": …})` → its name; it is removed at the end."""
    names = []

    def make(pattern, *targets, bus="default", **members):
        name = unique("rule")
        if pattern is not None:
            members["EventPattern"] = json.dumps(pattern)
        arn = api("events").put_rule(Name=name, EventBusName=bus, **members)["RuleArn"]
        listed = [{"Id": str(number), **target} for number, target in enumerate(targets)]
        if listed:
            api("events").put_targets(Rule=name, EventBusName=bus, Targets=listed)
        names.append((name, bus, [target["Id"] for target in listed]))
        return arn

    yield make
    for name, bus, ids in names:
        if ids:
            api("events").remove_targets(Rule=name, EventBusName=bus, Ids=ids)
        api("events").delete_rule(Name=name, EventBusName=bus)


@pytest.fixture
def put(api):
    """Put an event: `put("mine", "Kind", {"a": 1})`."""

    def put(source, kind, detail, **members):
        entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), **members}
        return api("events").put_events(Entries=[entry])

    return put
