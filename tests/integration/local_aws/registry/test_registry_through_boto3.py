"""The registry as any boto3 client sees it."""

import pytest
from botocore.exceptions import ClientError

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
SPECIFICATION = {
    "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz", "Framework": "XGBOOST"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


@pytest.fixture
def sagemaker(client):
    return client("sagemaker")


@pytest.fixture
def group(sagemaker, unique):
    name = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def test_approving_a_package_erases_nothing(sagemaker, group):
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification=SPECIFICATION,
        CustomerMetadataProperties={"git": "abc"},
        ModelMetrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/q.json"}}},
    )["ModelPackageArn"]

    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=arn, ApprovalDescription="by the board")

    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ApprovalDescription"] == "by the board"
    assert package["CustomerMetadataProperties"] == {"git": "abc"}
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == "s3://b/q.json"
    assert package["InferenceSpecification"] == SPECIFICATION
    assert package["LastModifiedTime"] >= package["CreationTime"]


def test_the_paginator_sees_every_version(sagemaker, group):
    for _ in range(5):
        sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION)

    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}
    )

    versions = [p["ModelPackageVersion"] for page in pages for p in page["ModelPackageSummaryList"]]
    assert versions == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("create", "code", "message"),
    [
        (
            lambda sm, group: sm.create_model_package_group(ModelPackageGroupName=group),
            "ValidationException",
            "already exists",
        ),
        (
            lambda sm, group: sm.describe_model_package(ModelPackageName=f"{group}/7"),
            "ValidationException",
            "does not exist",
        ),
        (
            lambda sm, group: sm.delete_model_package_group(ModelPackageGroupName=group),
            "ConflictException",
            "contains 1",
        ),
    ],
)
def test_errors_have_the_codes_of_aws(sagemaker, group, create, code, message):
    sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION)

    with pytest.raises(ClientError, match=message) as caught:
        create(sagemaker, group)

    assert caught.value.response["Error"]["Code"] == code


def test_more_than_fifty_metadata_properties_are_refused_at_registration(sagemaker, group):
    with pytest.raises(ClientError, match="length less than or equal to 50"):
        sagemaker.create_model_package(
            ModelPackageGroupName=group,
            InferenceSpecification=SPECIFICATION,
            CustomerMetadataProperties={f"key{n}": "x" for n in range(51)},
        )
