import io
import json
import zipfile

import pytest

from local_aws.errors import ResourceNotFoundError
from local_aws.moto_adapters.lambda_code import find_function

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def role(client, unique):
    created = client("iam").create_role(RoleName=unique("role"), AssumeRolePolicyDocument=json.dumps(TRUST))
    return created["Role"]["Arn"]


def zipped(text):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("app.py"), text)  # a fixed date: equal text, equal bytes
    return archive.getvalue()


def test_a_function_is_read_with_its_code(client, unique, role):
    code = zipped("x = 1")
    name = unique("function")
    settings = {"Timeout": 7, "MemorySize": 256, "Environment": {"Variables": {"A": "b"}}}
    arn = client("lambda").create_function(
        FunctionName=name, Role=role, Runtime="python3.12", Handler="app.main", Code={"ZipFile": code}, **settings
    )["FunctionArn"]

    function = find_function(arn)

    assert (function.name, function.handler, function.runtime, function.role_arn) == (
        name,
        "app.main",
        "python3.12",
        role,
    )
    assert (function.timeout_seconds, function.memory_mb, function.environment) == (7, 256, {"A": "b"})
    assert function.code == code


def test_a_function_is_read_from_its_bucket_and_after_an_update(client, unique, role, bucket):
    client("s3").put_object(Bucket=bucket, Key="code.zip", Body=zipped("x = 1"))
    name = unique("function")
    arn = client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="a.b",
        Code={"S3Bucket": bucket, "S3Key": "code.zip"},
    )["FunctionArn"]
    before = find_function(arn).code

    client("lambda").update_function_code(FunctionName=name, ZipFile=zipped("x = 2"))

    assert before == zipped("x = 1")
    assert find_function(arn).code == zipped("x = 2")


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:function:none", "Function not found"),
        ("none", "'none' is no Lambda function ARN"),
    ],
)
def test_what_is_no_function(local_aws, arn, reason):
    with pytest.raises(ResourceNotFoundError, match=reason):
        find_function(arn)
