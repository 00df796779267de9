"""Which images the local AWS stands in for."""

import pytest

from local_aws.containers.images import UnsupportedImageError, find_image
from local_aws.errors import ApiError


@pytest.mark.parametrize(
    ("uri", "family", "version"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0", "xgboost", "3.2"),
        ("246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost", "1.7"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0-cpu-py3", "xgboost", "3.2"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/copy/sagemaker-xgboost:3.0-5", "xgboost", "3.0"),
        ("141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3", "scikit-learn", "1.2"),
    ],
)
def test_managed_images_are_known_in_any_account_and_region(uri, family, version):
    image = find_image(uri)

    assert (image.family, image.framework_version) == (family, version)


@pytest.mark.parametrize(
    "uri",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1-cpu-py310",
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest",
        "sagemaker-xgboost:3.2-0",
        "",
    ],
)
def test_other_images_are_refused_and_the_supported_ones_named(uri):
    with pytest.raises(UnsupportedImageError, match=r"sagemaker-xgboost .*sagemaker-scikit-learn") as refusal:
        find_image(uri)

    assert isinstance(refusal.value, ApiError)
    assert refusal.value.code == "ValidationException"


def test_a_tag_of_another_version_is_worth_a_warning():
    new = find_image("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0")
    old = find_image("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1")

    assert new.version_warning() == ""
    assert "promises xgboost 1.7; this simulation runs the job with the installed xgboost 3.2" in old.version_warning()


def test_the_warning_opens_the_containers_log(bench):
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"

    result = bench.script("print('ran')", image=image)

    assert result.log.startswith("local AWS: ")
    assert result.log.endswith("\nran\n")
