"""InvokeEndpoint through boto3: answers, routing, errors."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def endpoint(shared):
    return shared.endpoint()


def test_an_endpoint_answers_and_names_the_variant(hosting, endpoint):
    answer = hosting.runtime.invoke_endpoint(EndpointName=endpoint, Body="1,2", ContentType="text/csv")

    assert answer["Body"].read() == b"champion:1,2"
    assert (answer["InvokedProductionVariant"], answer["ContentType"]) == ("champion", "text/csv")


def test_a_failing_model_is_a_model_error_with_the_models_words(hosting, endpoint):
    with pytest.raises(hosting.runtime.exceptions.ModelError, match="a broken record") as caught:
        hosting.ask(endpoint, "broken")

    answer = caught.value.response
    assert (answer["OriginalStatusCode"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (500, 424)
    assert f"/aws/sagemaker/Endpoints/{endpoint}" in answer["LogStreamArn"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"TargetVariant": "nobody"}, "Variant nobody was not found"),
        ({"TargetModel": "m.tar.gz"}, "does not simulate TargetModel"),
        ({"InferenceComponentName": "c"}, "does not simulate InferenceComponentName"),
        ({"Body": b"x" * 6_291_457}, "less than or equal to 6291456"),
    ],
)
def test_a_wrong_request_is_a_validation_error(hosting, endpoint, fields, text):
    with pytest.raises(ClientError, match=text) as caught:
        hosting.ask(endpoint, **fields)

    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_an_endpoint_that_does_not_exist_is_a_validation_error(hosting):
    with pytest.raises(ClientError, match="Endpoint nobody of account 123456789012 not found"):
        hosting.ask("nobody")
