"""State machines of a local AWS that enforces IAM, and whose time the tests turn forward."""

import json
import time

import pytest

from local_aws.server import LocalAws
from local_aws.settings import Settings

ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="session")
def aws(tmp_path_factory):
    settings = Settings(root=tmp_path_factory.mktemp("states"), stop_grace_seconds=1, iam="enforce")
    with LocalAws(settings) as running:
        yield running


@pytest.fixture(scope="session")
def api(aws):
    """Return a client of the account's administrator: `api("s3")`."""
    session, made = aws.boto3_session(), {}

    def client(service):
        if service not in made:
            made[service] = session.client(service)
        return made[service]

    return client


@pytest.fixture
def role(api, unique):
    """Create a role: `role("states.amazonaws.com", "s3:GetObject", …)` → its ARN."""

    def make(service, *actions):
        name = unique("role")
        arn = api("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        if actions:
            api("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
        return arn

    return make


@pytest.fixture
def machine(api, unique, role):
    """Create a machine: `machine({"One": {…}, …}, "s3:GetObject")` → its ARN; it starts at its first state."""

    def make(states, *actions, **members):
        definition = {"StartAt": next(iter(states)), "States": states, **members.pop("definition", {})}
        return api("stepfunctions").create_state_machine(
            name=unique("machine"),
            definition=json.dumps(definition),
            roleArn=role("states.amazonaws.com", *actions),
            **members,
        )["stateMachineArn"]

    return make


class Execution:
    """An execution that a test looks at."""

    def __init__(self, aws, states, arn):
        self.aws, self.states, self.arn = aws, states, arn

    def described(self):
        return self.states.describe_execution(executionArn=self.arn)

    def ended(self):
        """Wait for its end; local time stands still meanwhile."""
        self.until(lambda: self.described()["status"] in ENDED)
        return self.described()

    def output(self):
        ended = self.ended()
        assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
        return json.loads(ended["output"])

    def events(self):
        return self.states.get_execution_history(executionArn=self.arn, maxResults=1000)["events"]

    def kinds(self):
        return [event["type"] for event in self.events()]

    def until(self, is_so):
        end = time.monotonic() + 20
        while not is_so():
            assert time.monotonic() < end, (self.described(), self.kinds())
            time.sleep(0.01)

    def until_event(self, kind, count=1):
        self.until(lambda: self.kinds().count(kind) >= count)


@pytest.fixture
def start(aws, api):
    """Start an execution: `start(machine_arn, {"key": "value"})`."""

    def start(arn, value=None, **members):
        given = json.dumps({} if value is None else value)
        response = api("stepfunctions").start_execution(stateMachineArn=arn, input=given, **members)
        return Execution(aws, api("stepfunctions"), response["executionArn"])

    return start


@pytest.fixture
def stored(api, unique):
    """Store an object: `stored("text")` → its Bucket and Key."""

    def put(text, key="key"):
        name = unique("bucket")
        api("s3").create_bucket(Bucket=name)
        if text is not None:
            api("s3").put_object(Bucket=name, Key=key, Body=text.encode())
        return {"Bucket": name, "Key": key}

    return put
