"""Model packages: versions, and updates that keep what they do not name."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_aws.errors import ValidationError
from local_aws.sagemaker import model_packages

FULL = {
    "ModelApprovalStatus": "PendingManualApproval",
    "ModelPackageDescription": "first",
    "ModelMetrics": {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/quality.json"}}
    },
    "DriftCheckBaselines": {
        "ModelDataQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/s"}}
    },
    "CustomerMetadataProperties": {"git": "abc", "data": "v1"},
    "MetadataProperties": {"GeneratedBy": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/e"},
    "ModelCard": {"ModelCardContent": '{"model_overview": {}}', "ModelCardStatus": "Draft"},
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "Approved"},
    "SourceUri": "s3://b/source",
    "SkipModelValidation": "All",
    "Domain": "MACHINE_LEARNING",
    "Task": "CLASSIFICATION",
    "SamplePayloadUrl": "s3://b/payload.tar.gz",
}
UPDATES = {
    "ModelApprovalStatus": "Approved",
    "ApprovalDescription": "looks good",
    "ModelPackageRegistrationType": "Registered",
    "SourceUri": "s3://b/other",
    "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"},
    "InferenceSpecification": {"Containers": [{"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"}]},
}


def described(registry, arn):
    return registry("DescribeModelPackage", ModelPackageName=arn)


def test_everything_that_was_registered_is_described(registry):
    package = described(registry, registry.register(**FULL))

    assert {name: package[name] for name in FULL} == FULL
    assert package["ModelPackageStatus"] == "Completed"
    assert package["ModelPackageStatusDetails"] == {"ValidationStatuses": [], "ImageScanStatuses": []}


def test_a_group_numbers_its_versions_and_never_reuses_one(registry):
    first, second = registry.register(), registry.register()
    registry("DeleteModelPackage", ModelPackageName=second)

    third = registry.register()

    assert first == "arn:aws:sagemaker:us-east-1:123456789012:model-package/flights/1"
    assert third.endswith("flights/3")
    assert described(registry, "flights/3")["ModelPackageVersion"] == 3


def test_versions_registered_at_the_same_time_are_all_different(registry):
    arns = []
    threads = [threading.Thread(target=lambda: arns.append(registry.register())) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(arns)) == 8


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.sets(st.sampled_from(sorted(UPDATES))))
def test_an_update_changes_only_what_it_names(registry, names):
    arn = registry.register(**FULL)
    before = described(registry, arn)

    registry("UpdateModelPackage", ModelPackageArn=arn, **{name: UPDATES[name] for name in names})

    after = described(registry, arn)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed - {"LastModifiedTime", "LastModifiedBy"} == names


def test_metadata_properties_are_merged_and_removed(registry):
    arn = registry.register(CustomerMetadataProperties={"git": "abc", "data": "v1"})

    registry(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        CustomerMetadataProperties={"data": "v2", "champion": "yes"},
        CustomerMetadataPropertiesToRemove=["git"],
    )

    assert described(registry, arn)["CustomerMetadataProperties"] == {"data": "v2", "champion": "yes"}


def test_metadata_properties_may_be_removed_altogether_and_added_again(registry):
    arn = registry.register(CustomerMetadataProperties={"git": "abc"})

    registry("UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataPropertiesToRemove=["git"])
    registry("UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties={"data": "v1"})

    assert described(registry, arn)["CustomerMetadataProperties"] == {"data": "v1"}


def test_more_than_fifty_metadata_properties_are_refused(registry):
    arn = registry.register(CustomerMetadataProperties={f"key{n}": "x" for n in range(50)})

    with pytest.raises(ValidationError, match="can have up to 50"):
        registry("UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties={"one": "more"})


def test_additional_inference_specifications_are_added_by_unique_names(registry):
    arn, extra = registry.register(), {"Name": "small", "Containers": [{"Image": "i"}]}
    registry("UpdateModelPackage", ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[extra])

    with pytest.raises(ValidationError, match="unique names"):
        registry("UpdateModelPackage", ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[extra])

    assert described(registry, arn)["AdditionalInferenceSpecifications"] == [extra]


def test_the_status_of_a_model_card_changes_without_its_content(registry):
    arn = registry.register(**FULL)

    registry("UpdateModelPackage", ModelPackageArn=arn, ModelCard={"ModelCardStatus": "Approved"})

    assert described(registry, arn)["ModelCard"] == {**FULL["ModelCard"], "ModelCardStatus": "Approved"}


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_model_card_that_is_no_json_object_is_refused(registry, content):
    with pytest.raises(ValidationError, match="ModelCardContent"):
        registry.register(ModelCard={"ModelCardContent": content, "ModelCardStatus": "Draft"})


def test_versions_wait_for_approval_unless_told_otherwise(registry):
    assert described(registry, registry.register())["ModelApprovalStatus"] == "PendingManualApproval"
    assert described(registry, registry.register(ModelApprovalStatus="Approved"))["ModelApprovalStatus"] == "Approved"


def test_a_repeated_client_token_registers_once(registry):
    assert (
        registry.register(ClientToken="t1")
        == registry.register(ClientToken="t1")
        != registry.register(ClientToken="t2")
    )


def test_unversioned_packages_have_their_own_names(registry):
    request = {
        "ModelPackageName": "alone",
        "SourceAlgorithmSpecification": {"SourceAlgorithms": [{"AlgorithmName": "a"}]},
    }

    arn = registry("CreateModelPackage", **request, Tags=[{"Key": "team", "Value": "ml"}])["ModelPackageArn"]

    assert arn.endswith(":model-package/alone")
    assert "ModelApprovalStatus" not in described(registry, "alone")
    with pytest.raises(ValidationError, match="already exists"):
        registry("CreateModelPackage", **request)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"ModelPackageName": "a", "ModelPackageGroupName": "flights"}, "Cannot determine which one to use"),
        ({}, "Missing ARN"),
        ({"ModelPackageName": "a"}, "InferenceSpecification or SourceAlgorithmSpecification"),
        ({"ModelPackageGroupName": "none"}, "model-package-group/none does not exist"),
        ({"ModelPackageGroupName": "flights", "Tags": [{"Key": "a", "Value": "b"}]}, "tags of its group"),
    ],
)
def test_an_impossible_registration_is_refused(registry, request_, message):
    with pytest.raises(ValidationError, match=message):
        registry("CreateModelPackage", **request_)


@pytest.mark.parametrize("operation", ["DescribeModelPackage", "DeleteModelPackage"])
def test_an_unknown_package_is_named(registry, operation):
    with pytest.raises(ValidationError, match="model-package/flights/9 does not exist"):
        registry(operation, ModelPackageName="flights/9")


def versions(response):
    return [package.get("ModelPackageVersion") for package in response["ModelPackageSummaryList"]]


def test_packages_are_listed_by_group_and_approval(registry):
    registry.register()
    registry.register(ModelApprovalStatus="Approved")
    registry("CreateModelPackageGroup", ModelPackageGroupName="other")
    registry.register("other")

    listed = registry("ListModelPackages", ModelPackageGroupName="flights")
    approved = registry("ListModelPackages", ModelPackageGroupName="flights", ModelApprovalStatus="Approved")

    assert versions(listed) == [1, 2]
    assert versions(approved) == [2]


def test_the_newest_version_is_the_first_of_a_descending_list(registry):
    for _ in range(11):
        registry.register()

    newest = registry(
        "ListModelPackages",
        ModelPackageGroupName="flights",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )

    assert versions(newest) == [11]


def test_pages_of_packages_join_to_the_whole_list(registry):
    for _ in range(5):
        registry.register()
    request = {"ModelPackageGroupName": "flights", "SortBy": "Name", "MaxResults": 2}

    first = registry("ListModelPackages", **request)
    second = registry("ListModelPackages", **request, NextToken=first["NextToken"])
    third = registry("ListModelPackages", **request, NextToken=second["NextToken"])

    assert versions(first) + versions(second) + versions(third) == [1, 2, 3, 4, 5]
    assert "NextToken" not in third


@pytest.mark.parametrize(("kind", "count"), [(None, 1), ("Unversioned", 1), ("Versioned", 2), ("Both", 3)])
def test_a_list_without_a_group_shows_unversioned_packages_by_default(registry, kind, count):
    registry.register()
    registry.register()
    registry("CreateModelPackage", ModelPackageName="alone", InferenceSpecification={"Containers": []})

    listed = registry("ListModelPackages", **({"ModelPackageType": kind} if kind else {}))

    assert len(listed["ModelPackageSummaryList"]) == count


def test_batch_describe_separates_what_is_missing(registry):
    arn = registry.register()

    response = registry("BatchDescribeModelPackage", ModelPackageArnList=[arn, f"{arn}9"])

    assert response["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert response["BatchDescribeModelPackageErrorMap"][f"{arn}9"]["ErrorCode"] == "ValidationException"


def test_listeners_hear_of_registration_and_of_approval_only(registry, monkeypatch):
    heard = []
    monkeypatch.setattr(model_packages, "on_state_change", [lambda _, p: heard.append(p["ModelApprovalStatus"])])
    arn = registry.register()

    registry("UpdateModelPackage", ModelPackageArn=arn, ApprovalDescription="soon")
    registry("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")

    assert heard == ["PendingManualApproval", "Approved"]
