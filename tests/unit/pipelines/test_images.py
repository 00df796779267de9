import json
import re
import sysconfig
from pathlib import Path

import botocore
import pytest

from pipelines.errors import UsageError
from pipelines.images import ACCOUNT_BY_REGION, XGBOOST_VERSION, xgboost_image

SDK_DATA = Path(sysconfig.get_path("purelib")) / "sagemaker" / "core" / "image_uri_config" / "xgboost.json"


def test_accounts_are_those_that_the_sdk_knows():
    versions = json.loads(SDK_DATA.read_text())["training"]["versions"]

    assert versions[XGBOOST_VERSION]["registries"] == ACCOUNT_BY_REGION


def test_the_registry_lies_in_the_partition_of_its_region():
    partitions = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
    suffix_by_pattern = {partition["regionRegex"]: partition["outputs"]["dnsSuffix"] for partition in partitions}

    for region, account in ACCOUNT_BY_REGION.items():
        (suffix,) = (suffix for pattern, suffix in suffix_by_pattern.items() if re.fullmatch(pattern, region))
        registry = f"{account}.dkr.ecr.{region}.{suffix}"
        assert xgboost_image(region) == f"{registry}/sagemaker-xgboost:{XGBOOST_VERSION}"


def test_an_unknown_region_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="'mars-north-1'") as caught:
        xgboost_image("mars-north-1")

    assert "us-east-1" in caught.value.hint
