"""Intrinsic functions, and the order of resources."""

import pytest

from local_aws.cloudformation.errors import StackValidationError
from local_aws.cloudformation.template import Template
from local_aws.cloudformation.values import UNKNOWN, Scope


@pytest.fixture
def scope():
    return Scope(
        stack_name="s",
        stack_id="arn:stack/s/1",
        account_id="123456789012",
        region="eu-central-1",
        parameters={"Names": ["a", "b"], "Stage": "prod"},
        mappings={"Sizes": {"prod": {"type": "ml.m5.large"}}},
        import_value=lambda name: f"imported {name}",
        ssm_value=lambda name: f"ssm {name}",
        conditions={
            "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "Not": {"Fn::Not": [{"Condition": "IsProd"}]},
        },
        references={"Lake": "bucket"},
        attributes={"Lake": {"Arn": "arn:aws:s3:::bucket"}, "New": {"": UNKNOWN}},
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Fn::Sub": "${AWS::Region}/${Lake}/${Lake.Arn}/${!kept}"}, "eu-central-1/bucket/arn:aws:s3:::bucket/${kept}"),
        ({"Fn::Sub": ["${own}-${Stage}", {"own": {"Ref": "Lake"}}]}, "bucket-prod"),
        ({"Fn::Join": [":", ["a", 1, True, {"Ref": "AWS::Partition"}]]}, "a:1:true:aws"),
        ({"Fn::Join": ["", {"Ref": "Names"}]}, "ab"),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "x/y"]}]}, "y"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "type"]}, "ml.m5.large"),
        ({"Fn::FindInMap": ["Sizes", "dev", "type", {"DefaultValue": "none"}]}, "none"),
        ({"Fn::If": ["Not", 1, {"Fn::Base64": "x"}]}, "eA=="),
        ({"Fn::GetAtt": "Lake.Arn"}, "arn:aws:s3:::bucket"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}-x"}}, "imported prod-x"),
        ({"Fn::Cidr": ["10.0.0.0/24", 2, 4]}, ["10.0.0.0/28", "10.0.0.16/28"]),
        ({"Fn::GetAZs": ""}, ["eu-central-1a", "eu-central-1b", "eu-central-1c"]),
        ({"Fn::ToJsonString": {"a": {"Ref": "Lake"}}}, '{"a":"bucket"}'),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        ("{{resolve:ssm:/p/q:3}}!", "ssm /p/q!"),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_functions_are_resolved(scope, value, expected):
    assert scope.resolve(value) == expected


@pytest.mark.parametrize("text", ["${New.Id}", "x ${New.Id} y"])
def test_what_only_the_deployment_shows_stays_unknown(scope, text):
    assert scope.resolve({"Fn::Sub": text}) is UNKNOWN
    assert scope.resolve({"Fn::Join": ["", ["a", {"Fn::GetAtt": ["New", "Id"]}]]}) is UNKNOWN


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Nobody"}, "Nobody"),
        ({"Fn::GetAtt": ["Lake", "Colour"]}, "Lake does not support attribute type Colour.*knows: Arn"),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, "undefined resource Nobody"),
        ({"Fn::Select": [5, ["a"]]}, "index 5"),
    ],
)
def test_a_reference_to_nothing_is_named(scope, value, message):
    with pytest.raises(StackValidationError, match=message):
        scope.resolve(value)


def template(**needs):
    resources = {
        name: {"Type": "AWS::S3::Bucket", "Properties": {"x": [{"Fn::Sub": f"${{{need}.Arn}}"} for need in found]}}
        for name, found in needs.items()
    }
    return Template("", {"Resources": resources})


def test_resources_come_after_what_they_refer_to():
    order = template(a=["b"], b=["c", "d"], c=[], d=["c"]).order

    assert order.index("c") < order.index("d") < order.index("b") < order.index("a")


def test_a_circle_is_refused():
    with pytest.raises(StackValidationError, match=r"Circular dependency between resources: \[a, b\]"):
        _ = template(a=["b"], b=["a"], c=[]).order
