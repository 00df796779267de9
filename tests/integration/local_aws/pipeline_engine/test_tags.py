import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.pipeline_engine.pipelines import fail

TAGS = [{"Key": "project", "Value": "flights"}]


def test_the_tags_of_a_pipeline_change(create, client):
    sagemaker = client("sagemaker")
    arn = sagemaker.describe_pipeline(PipelineName=create(fail("F", "no")).name)["PipelineArn"]

    sagemaker.add_tags(ResourceArn=arn, Tags=[*TAGS, {"Key": "stage", "Value": "test"}])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "prod"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["project"])

    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "prod"}]


def test_the_tags_of_what_moto_keeps_change(client, unique):
    sagemaker = client("sagemaker")
    arn = sagemaker.create_experiment(ExperimentName=unique("experiment"), Tags=TAGS)["ExperimentArn"]

    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["project"])

    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]


def test_what_does_not_exist_has_no_tags(client):
    with pytest.raises(ClientError, match="does not exist"):
        client("sagemaker").list_tags(ResourceArn="arn:aws:sagemaker:us-east-1:123456789012:pipeline/missing")
