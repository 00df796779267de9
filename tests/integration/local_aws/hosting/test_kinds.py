"""Other kinds of endpoints: asynchronous, serverless, with a shadow, inference pipelines, answers in a stream."""

import json
import os
import signal
import time

import pytest
from botocore.exceptions import ClientError

from local_aws.hosting.processes import tree
from tests.integration.local_aws.hosting.conftest import Clients


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
    return found


@pytest.fixture
def asynchronous(hosting, client, unique):
    """Start an asynchronous endpoint; returns its name and a function that reads the notices of its topics."""
    sns, sqs = client("sns"), client("sqs")
    queue = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    output = {
        "S3OutputPath": f"s3://{hosting.bucket}/out",
        "S3FailurePath": f"s3://{hosting.bucket}/failed",
        "NotificationConfig": {"SuccessTopic": topic, "ErrorTopic": topic},
    }
    name = hosting.endpoint(AsyncInferenceConfig={"OutputConfig": output})

    def notice():
        messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
        return json.loads(json.loads(messages[0]["Body"])["Message"])

    return name, notice


def ask_async(hosting, name, text, **fields):
    hosting.s3.put_object(Bucket=hosting.bucket, Key="in/request.csv", Body=text)
    location = f"s3://{hosting.bucket}/in/request.csv"
    return hosting.runtime.invoke_endpoint_async(
        EndpointName=name, InputLocation=location, ContentType="text/csv", InferenceId="one", **fields
    )


def read(hosting, uri):
    key = uri.removeprefix(f"s3://{hosting.bucket}/")
    return hosting.s3.get_object(Bucket=hosting.bucket, Key=key)["Body"].read().decode()


def test_an_asynchronous_answer_goes_to_s3_and_a_topic_is_told(hosting, asynchronous):
    name, notice = asynchronous

    ticket = ask_async(hosting, name, "1,2")
    told = notice()

    assert (ticket["ResponseMetadata"]["HTTPStatusCode"], ticket["InferenceId"]) == (202, "one")
    assert (told["invocationStatus"], told["inferenceId"]) == ("Completed", "one")
    assert told["responseParameters"]["outputLocation"] == ticket["OutputLocation"]
    assert read(hosting, ticket["OutputLocation"]) == "champion:1,2"


def test_an_asynchronous_failure_goes_to_s3_and_a_topic_is_told(hosting, asynchronous):
    name, notice = asynchronous

    ticket = ask_async(hosting, name, "broken")
    told = notice()

    assert told["invocationStatus"] == "Failed"
    assert "a broken record" in told["failureReason"]
    assert "a broken record" in read(hosting, ticket["FailureLocation"])


def test_an_instance_that_hangs_is_replaced_after_a_request_timed_out(hosting, asynchronous, local_aws):
    name, notice = asynchronous
    pool = pool_of(local_aws, name)
    os.kill(tree(pool.instances[0].pids)[-1], signal.SIGSTOP)

    ask_async(hosting, name, "1,2", InvocationTimeoutSeconds=1)
    first = notice()
    ask_async(hosting, name, "1,2")
    second = notice()

    assert "Your invocation timed out" in first["failureReason"]
    assert second["invocationStatus"] == "Completed"


def pool_of(local_aws, name):
    """Return the instances of an endpoint's only variant."""
    return next(one for one in local_aws.plane.endpoints.all() if one.key.name == name).fleet.pools["champion"]


def test_a_request_of_the_wrong_kind_is_refused(hosting, asynchronous):
    with pytest.raises(ClientError, match="is asynchronous: use InvokeEndpointAsync"):
        hosting.ask(asynchronous[0])
    with pytest.raises(ClientError, match="is not asynchronous"):
        ask_async(hosting, hosting.endpoint(), "1,2")


def test_an_answer_comes_as_a_stream(hosting):
    name = hosting.endpoint()

    answer = hosting.runtime.invoke_endpoint_with_response_stream(
        EndpointName=name, Body="x" * 100_000, ContentType="text/csv"
    )

    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert (len(parts), b"".join(parts)) == (2, b"champion:" + b"x" * 100_000)
    assert (answer["InvokedProductionVariant"], answer["ContentType"]) == ("champion", "text/csv")


def test_containers_of_an_inference_pipeline_answer_in_turn(hosting):
    model = hosting.model(Containers=[hosting.container("a"), hosting.container("b"), hosting.container("c")])
    name = hosting.endpoint(hosting.variant(ModelName=model))

    assert hosting.ask(name, "x") == "c:b:a:x"


def test_the_container_that_fails_in_a_pipeline_is_named(hosting):
    containers = [hosting.container("a"), {**hosting.container("broken"), "ContainerHostname": "second"}]
    name = hosting.endpoint(hosting.variant(ModelName=hosting.model(Containers=containers)))

    with pytest.raises(ClientError, match=r"Received server error \(500\) from second"):
        hosting.ask(name, "x")


def test_a_shadow_gets_every_request_and_answers_nobody(hosting):
    name = hosting.start(
        hosting.config(
            ShadowProductionVariants=[hosting.variant("shadow")],
            DataCaptureConfig=hosting.capture(),
        )
    )
    hosting.wait(name)

    answers = [hosting.ask(name, f"{number}", InferenceId=f"{number}") for number in range(10)]
    hosting.delete(name)

    assert answers == [f"champion:{number}" for number in range(10)]
    outputs = {}
    for key, record in hosting.captured(name):
        variant = key.split("/")[2]
        outputs.setdefault(variant, []).append(record["captureData"]["endpointOutput"]["data"])
    assert {variant: sorted(found) for variant, found in outputs.items()} == {
        variant: [f"{variant}:{number}" for number in range(10)] for variant in ("champion", "shadow")
    }


def test_a_serverless_variant_starts_again_after_it_was_idle(hosting, local_aws):
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    name = hosting.endpoint(hosting.variant(ServerlessConfig=config))
    pool = pool_of(local_aws, name)
    assert hosting.describe(name)["ProductionVariants"][0]["CurrentServerlessConfig"] == config

    local_aws.plane.clock.advance(600)
    until(lambda: not pool.instances)

    assert hosting.ask(name, "x") == "champion:x"


def test_a_serverless_variant_takes_no_more_than_its_concurrency(hosting, local_aws):
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    name = hosting.endpoint(hosting.variant(ServerlessConfig=config))
    pool = pool_of(local_aws, name)

    with Clients(1, lambda *_: [lambda: hosting.ask(name, "sleep 1")]) as clients:
        until(lambda: pool.instances[0].in_flight)
        with pytest.raises(ClientError) as caught:
            hosting.ask(name)

    assert clients.answers == ["champion:sleep 1"]
    assert caught.value.response["Error"]["Code"] == "ThrottlingException"
