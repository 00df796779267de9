import pytest

from pipelines.errors import TargetError
from pipelines.resources import Resources
from pipelines.targets import connect, parse_exports, refuse_foreign_endpoint


def test_exports_are_read_as_a_shell_reads_them():
    text = "# local AWS\nexport AWS_ENDPOINT_URL=http://127.0.0.1:4566\nexport AWS_ACCESS_KEY_ID='te st'\nready\n"

    assert parse_exports(text) == {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ACCESS_KEY_ID": "te st"}


@pytest.mark.parametrize("url", ["https://sagemaker.us-east-1.amazonaws.com", "http://10.0.0.1:4566", "nonsense"])
def test_nothing_is_created_off_this_machine(url):
    with pytest.raises(TargetError, match="not on this machine"):
        refuse_foreign_endpoint(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:4566", "http://[::1]:1"])
def test_a_loopback_endpoint_is_accepted(url):
    refuse_foreign_endpoint(url)


def test_the_aws_target_needs_a_region(monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(TargetError, match="no AWS region"):
        connect("aws")


def test_the_aws_target_has_the_resources_of_the_file(tmp_path):
    Resources.example().save(tmp_path / "resources.json")

    target = connect("aws", tmp_path / "resources.json")

    assert target.resources == Resources.example()
    assert target.client("s3").meta.region_name == "us-east-1"
    assert target.client("s3") is target.client("s3")
