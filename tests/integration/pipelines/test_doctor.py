"""`doctor --target aws`, the real command, against a local AWS: each fault it must find is planted there."""

import boto3
import pytest

from pipelines.platform.deployment import BOOTSTRAP_PARAMETER
from pipelines.platform.doctor import examine
from pipelines.settings import JobLimits, Settings
from pipelines.targets import Target
from tests.own_process import local_aws_process


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    with local_aws_process(tmp_path_factory.mktemp("doctor")) as environment:
        yield environment["AWS_ENDPOINT_URL"]


@pytest.fixture
def target(account):
    return target_in(account, "us-east-1")


def target_in(account, region):
    session = boto3.Session("test", "test", region_name=region)
    return Target("aws", session, None, endpoint_url=account)


def findings(target, settings=Settings()):  # noqa: B008 - frozen
    found = {}
    for finding in examine(target, "sandbox", settings):
        found.setdefault(finding.subject, []).append(finding)
    return found


def test_an_empty_account_has_no_fault_and_is_told_to_bootstrap(target):
    found = findings(target)

    assert [finding for several in found.values() for finding in several if finding.verdict == "fault"] == []
    assert "not bootstrapped" in found["bootstrap"][0].text
    assert "deploy --target aws" in found["bootstrap"][0].fix
    assert found["image"][0].verdict == "ok"
    assert all(finding.verdict == "ok" for finding in found["quotas"])


def test_a_type_whose_quota_is_too_small_is_a_fault_that_names_quota_and_need(target):
    (finding,) = (
        finding
        for finding in findings(target, Settings(prepare=JobLimits("ml.m5.4xlarge", 21, 30, 3600)))["quotas"]
        if finding.verdict == "fault"
    )

    assert "ml.m5.4xlarge for processing job usage: 20, needed are 21" in finding.text
    assert "Service Quotas console" in finding.fix


def test_a_granted_increase_mends_it(target):
    quotas = target.client("service-quotas")
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    (code,) = (
        quota["QuotaCode"]
        for page in pages
        for quota in page["Quotas"]
        if quota["QuotaName"] == "ml.m5.12xlarge for processing job usage"
    )
    quotas.request_service_quota_increase(ServiceCode="sagemaker", QuotaCode=code, DesiredValue=30)

    found = findings(target, Settings(prepare=JobLimits("ml.m5.12xlarge", 21, 30, 3600)))
    assert {finding.verdict for finding in found["quotas"]} == {"ok"}


def test_an_old_bootstrap_is_named_with_its_version(target):
    target.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value="3", Type="String")
    try:
        (finding,) = findings(target)["bootstrap"]
    finally:
        target.client("ssm").delete_parameter(Name=BOOTSTRAP_PARAMETER)

    assert "version 3 is too old" in finding.text


def test_a_present_oidc_provider_is_a_fault_because_an_account_has_one_only(target):
    iam = target.client("iam")
    arn = iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )["OpenIDConnectProviderArn"]
    try:
        (finding,) = findings(target)["GitHub"]
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)

    assert finding.verdict == "fault"
    assert "creates_provider=False" in finding.fix


def test_a_region_without_the_image_is_a_fault(account):
    (finding,) = findings(target_in(account, "mx-central-1"))["region"]
    assert finding.verdict == "fault"
