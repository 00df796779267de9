"""The gateway: moto behind it, errors that every client understands, large objects."""

import contextlib
import http.client
import io
import json
import os

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("service", "call", "name"),
    [
        ("sagemaker", lambda c: c.list_labeling_jobs(), "ListLabelingJobs"),
        ("cloudhsm", lambda c: c.list_hsms(), "ListHsms"),
        ("appconfigdata", lambda c: c.get_latest_configuration(ConfigurationToken="x"), "GET /configuration"),
    ],
)
def test_an_operation_that_is_not_simulated_is_named(client, service, call, name):
    with pytest.raises(ClientError, match=f"does not simulate {name}") as caught:
        call(client(service))

    assert caught.value.response["Error"]["Code"] == "NotImplementedException"


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("Nope", b"{}", "UnknownOperationException"),
        ("ListPipelines", b"{bad", "SerializationException"),
        ("ListPipelines", b'{"a":' * 5000, "SerializationException"),
        ("ListPipelines", b"[]", "SerializationException"),
    ],
)
def test_an_odd_request_is_refused_as_the_clients_fault(local_aws, operation, body, code):
    scope = "Credential=test/20260101/us-east-1/sagemaker/aws4_request"
    headers = {"X-Amz-Target": f"SageMaker.{operation}", "Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", "/", body, {"Content-Type": "application/x-amz-json-1.1", **headers})
        response = connection.getresponse()

        assert (response.status, json.load(response)["__type"]) == (400, code)


def test_errors_of_query_services_are_xml(client):
    with pytest.raises(ClientError, match="does not simulate SimulateCustomPolicy"):
        client("iam").simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["s3:GetObject"])


def test_s3_errors_stay_s3_errors(client, unique):
    with pytest.raises(client("s3").exceptions.NoSuchBucket):
        client("s3").get_object(Bucket=unique("nowhere"), Key="x")


def test_a_large_object_goes_through_in_parts(client, bucket):
    content = os.urandom(20_000_000)

    client("s3").upload_fileobj(io.BytesIO(content), bucket, "large")
    target = io.BytesIO()
    client("s3").download_fileobj(bucket, "large", target)

    assert target.getvalue() == content


def test_metadata_keeps_odd_keys(client, bucket):
    client("s3").put_object(Bucket=bucket, Key="a b/ü?.txt", Body=b"x")

    assert client("s3").list_objects_v2(Bucket=bucket)["Contents"][0]["Key"] == "a b/ü?.txt"


def test_regions_are_apart(local_aws, client, unique):
    name = unique("model")
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    client("sagemaker").create_model(
        ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": image}
    )
    elsewhere = local_aws.clients("sagemaker", "eu-central-1")

    with pytest.raises(ClientError, match="Could not find model"):
        elsewhere.describe_model(ModelName=name)
    assert client("sagemaker").describe_model(ModelName=name)["ModelArn"].split(":")[3] == "us-east-1"


def test_an_endpoint_configuration_finds_the_model_of_the_store(client, unique):
    name = unique("model")
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": image}
    )
    variant = {"VariantName": "a", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}

    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])

    assert sagemaker.describe_endpoint_config(EndpointConfigName=name)["EndpointConfigName"] == name
