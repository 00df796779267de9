"""Requests are checked as AWS's front end checks them."""

import datetime as dt

import pytest

from local_aws.errors import SerializationError, ValidationError
from local_aws.sagemaker.validation import checked_request, pruned_response

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model/m"
TAGS = [{"Key": "k", "Value": "v"}]


def check(**request):
    return checked_request(
        "sagemaker", "AddTags", {"ResourceArn": "arn:aws:sagemaker:a:123456789012:model/m", **request}
    )


def test_a_missing_member_is_null():
    with pytest.raises(ValidationError) as caught:
        check()

    assert caught.value.message == (
        "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null"
    )


def test_an_unknown_member_is_dropped():
    assert "Colour" not in check(Tags=TAGS, Colour="red")


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("ListModels", {"MaxResults": 101}, "Value '101' at 'maxResults' failed to satisfy constraint: Member must "),
        ("ListModels", {"MaxResults": 101}, "have value less than or equal to 100"),
        ("ListModels", {"SortBy": "Size"}, "Member must satisfy enum value set: [Name, CreationTime]"),
        ("DescribeModel", {"ModelName": "a b"}, "Member must satisfy regular expression pattern: [a-zA-Z0-9]("),
        ("AddTags", {"ResourceArn": ARN, "Tags": [{"Key": "", "Value": ""}]}, "at 'tags.1.member.key'"),
        ("AddTags", {}, "2 validation errors detected: Value null at 'resourceArn'"),
    ],
)
def test_a_broken_constraint_is_named(operation, request_, message):
    with pytest.raises(ValidationError) as caught:
        checked_request("sagemaker", operation, request_)

    assert message in caught.value.message


@pytest.mark.parametrize("value", ["text", {"Key": "k"}, 3])
def test_a_wrong_type_is_a_serialization_error(value):
    with pytest.raises(SerializationError, match="cannot be converted to list"):
        check(Tags=value)


def test_a_number_is_no_boolean_and_a_boolean_no_number():
    with pytest.raises(SerializationError):
        checked_request("sagemaker", "ListModels", {"MaxResults": True})


def test_timestamps_become_aware_datetimes_and_go_back_to_seconds():
    moment = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

    asked = checked_request("sagemaker", "ListModels", {"CreationTimeAfter": moment.timestamp()})
    answered = pruned_response("sagemaker", "DescribeModel", {"CreationTime": moment, "_internal": 1})

    assert asked == {"CreationTimeAfter": moment}
    assert answered == {"CreationTime": moment.timestamp()}
