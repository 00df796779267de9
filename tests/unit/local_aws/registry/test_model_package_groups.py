"""Model package groups: unique names, deletion, policies."""

import pytest

from local_aws.errors import ConflictError, ValidationError

GROUP_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/flights"
POLICY = '{"Version": "2012-10-17", "Statement": []}'


def test_a_group_is_described_by_name_and_by_arn(registry):
    by_name = registry("DescribeModelPackageGroup", ModelPackageGroupName="flights")

    assert by_name["ModelPackageGroupArn"] == GROUP_ARN
    assert by_name["ModelPackageGroupStatus"] == "Completed"
    assert registry("DescribeModelPackageGroup", ModelPackageGroupName=GROUP_ARN) == by_name


def test_a_second_group_of_the_same_name_is_refused_and_replaces_nothing(registry):
    registry.register()

    with pytest.raises(ValidationError, match=f"Model Package Group already exists: {GROUP_ARN}"):
        registry("CreateModelPackageGroup", ModelPackageGroupName="flights")

    assert registry.register().endswith("/2")


def test_a_group_with_packages_is_not_deleted(registry):
    arn = registry.register()

    with pytest.raises(ConflictError, match="contains 1 Model Package"):
        registry("DeleteModelPackageGroup", ModelPackageGroupName="flights")

    registry("DeleteModelPackage", ModelPackageName=arn)
    registry("DeleteModelPackageGroup", ModelPackageGroupName="flights")
    with pytest.raises(ValidationError, match="does not exist"):
        registry("DescribeModelPackageGroup", ModelPackageGroupName="flights")


def test_groups_are_listed_by_part_of_their_name(registry):
    for name in ("alpha-flights", "beta"):
        registry("CreateModelPackageGroup", ModelPackageGroupName=name)

    listed = registry("ListModelPackageGroups", NameContains="flights", SortBy="Name")

    names = [group["ModelPackageGroupName"] for group in listed["ModelPackageGroupSummaryList"]]
    assert names == ["alpha-flights", "flights"]


def test_no_other_account_shares_groups(registry):
    response = registry("ListModelPackageGroups", CrossAccountFilterOption="CrossAccount")

    assert response["ModelPackageGroupSummaryList"] == []


def test_a_policy_is_put_read_and_deleted(registry):
    registry("PutModelPackageGroupPolicy", ModelPackageGroupName="flights", ResourcePolicy=POLICY)

    assert registry("GetModelPackageGroupPolicy", ModelPackageGroupName="flights") == {"ResourcePolicy": POLICY}

    registry("DeleteModelPackageGroupPolicy", ModelPackageGroupName="flights")
    with pytest.raises(ValidationError, match="Cannot find resource policy"):
        registry("GetModelPackageGroupPolicy", ModelPackageGroupName="flights")


def test_a_policy_must_be_a_json_document(registry):
    with pytest.raises(ValidationError, match="not a valid JSON"):
        registry("PutModelPackageGroupPolicy", ModelPackageGroupName="flights", ResourcePolicy="allow all")
