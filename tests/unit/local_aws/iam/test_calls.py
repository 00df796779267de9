"""Requests of every protocol are read into operation and parameters, from what botocore itself sends."""

import io

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from local_aws.iam.calls import read_call

URL = "http://127.0.0.1:1"


def environ_of(service, operation, **request):
    """Return the WSGI environment of the request that boto3 would send."""
    sent = {}
    client = boto3.Session("key", "secret", region_name="us-east-1").client(service, endpoint_url=URL)

    def keep(request, **_):
        sent["request"] = request
        return AWSResponse(URL, 200, {}, io.BytesIO())

    client.meta.events.register("before-send", keep)
    try:
        getattr(client, operation)(**request)
    except Exception:  # noqa: BLE001 - the empty answer is of no interest
        assert sent
    return as_environ(sent["request"])


def as_environ(request):
    path, _, query = request.url.removeprefix(URL).partition("?")
    body = request.body or b""
    body = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read()
    environ = {"REQUEST_METHOD": request.method, "PATH_INFO": path, "QUERY_STRING": query}
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode() if isinstance(value, bytes) else value
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    return environ


@pytest.mark.parametrize(
    ("service", "signing", "operation", "request_", "expected"),
    [
        ("kms", "kms", "describe_key", {"KeyId": "1"}, ("DescribeKey", {"KeyId": "1"})),
        (
            "cloudwatch",
            "monitoring",
            "put_metric_data",
            {"Namespace": "n", "MetricData": [{"MetricName": "m"}]},
            ("PutMetricData", {"Namespace": "n"}),
        ),
        ("lambda", "lambda", "invoke", {"FunctionName": "f"}, ("Invoke", {"FunctionName": "f"})),
        (
            "sagemaker-runtime",
            "sagemaker",
            "invoke_endpoint",
            {"EndpointName": "e", "Body": b"\x00", "TargetModel": "m"},
            ("InvokeEndpoint", {"EndpointName": "e", "TargetModel": "m"}),
        ),
        (
            "sns",
            "sns",
            "create_topic",
            {"Name": "t", "Attributes": {"A": "1"}, "Tags": [{"Key": "k", "Value": "v"}]},
            ("CreateTopic", {"Name": "t", "Attributes": {"A": "1"}, "Tags": [{"Key": "k", "Value": "v"}]}),
        ),
        (
            "ec2",
            "ec2",
            "describe_subnets",
            {"SubnetIds": ["s-1", "s-2"], "Filters": [{"Name": "n", "Values": ["v"]}]},
            ("DescribeSubnets", {"SubnetIds": ["s-1", "s-2"], "Filters": [{"Name": "n", "Values": ["v"]}]}),
        ),
        ("sts", "sts", "get_caller_identity", {}, ("GetCallerIdentity", {})),
    ],
)
def test_a_request_is_read_as_botocore_wrote_it(service, signing, operation, request_, expected):
    environ = environ_of(service, operation, **request_)

    call = read_call(environ, signing)

    name, parameters = expected
    assert call.operation == name
    assert {key: call.parameters.get(key) for key in parameters} == parameters


@pytest.mark.parametrize(
    ("operation", "request_", "name"),
    [
        ("get_object", {"Key": "a b/ü"}, "GET object"),
        ("put_object_tagging", {"Key": "k", "Tagging": {"TagSet": []}}, "PUT object:tagging"),
        ("abort_multipart_upload", {"Key": "k", "UploadId": "u"}, "DELETE object:uploadId"),
        ("list_objects_v2", {"Prefix": "raw/"}, "GET bucket"),
        ("get_bucket_policy", {}, "GET bucket:policy"),
        ("delete_objects", {"Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}]}}, "POST bucket:delete"),
    ],
)
def test_an_s3_request_is_read_from_method_path_and_query(operation, request_, name):
    environ = environ_of("s3", operation, Bucket="lake", **request_)
    environ["PATH_INFO"] = environ["PATH_INFO"].replace("%20", " ").replace("%C3%BC", "\xc3\xbc")

    call = read_call(environ, "s3")

    assert (call.operation, call.parameters["Bucket"]) == (name, "lake")
    assert call.parameters["Key"] == request_.get("Key", "")
    assert call.context.get("s3:prefix") == request_.get("Prefix")
    assert call.parameters.get("Keys") == (["a", "b"] if operation == "delete_objects" else None)
    assert environ["wsgi.input"].read() is not None


def test_an_upload_shows_its_encryption_and_keeps_its_body():
    request = {"Key": "k", "Body": b"data", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-1"}
    environ = environ_of("s3", "put_object", Bucket="lake", **request)

    call = read_call(environ, "s3")

    assert call.context["s3:x-amz-server-side-encryption"] == "aws:kms"
    assert call.context["s3:x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"
    assert environ["wsgi.input"].read().startswith(b"data")
