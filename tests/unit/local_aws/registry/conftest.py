"""Call the registry's operations without HTTP."""

import pytest

from local_aws.clock import Clock
from local_aws.sagemaker import model_package_groups, model_packages
from local_aws.sagemaker.operations import OPERATIONS, Context
from local_aws.store import Store

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
SPECIFICATION = {"Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}]}


class StorePlane:
    def __init__(self):
        self.store, self.clock = Store(), Clock()


class Registry:
    """`registry("CreateModelPackage", ModelPackageGroupName="flights")`."""

    def __init__(self):
        assert model_packages
        assert model_package_groups
        self.context = Context("123456789012", "us-east-1", StorePlane())

    def __call__(self, name, **request):
        return OPERATIONS[name](self.context, request)

    def register(self, group="flights", **request):
        request = {"InferenceSpecification": SPECIFICATION, **request}
        return self("CreateModelPackage", ModelPackageGroupName=group, **request)["ModelPackageArn"]


@pytest.fixture
def registry():
    registry = Registry()
    registry("CreateModelPackageGroup", ModelPackageGroupName="flights")
    return registry
