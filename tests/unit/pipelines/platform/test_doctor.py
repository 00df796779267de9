from botocore.exceptions import NoCredentialsError

from pipelines.platform.doctor import examine, quotas_needed
from pipelines.settings import Settings
from pipelines.targets import Target


class NoCredentials:
    def client(self, *_arguments, **_options):
        class Sts:
            def get_caller_identity(self):
                raise NoCredentialsError

        return Sts()


def test_without_credentials_there_is_one_finding_that_says_how_to_get_some():
    (finding,) = examine(Target("aws", NoCredentials(), None), "sandbox", Settings())

    assert finding.verdict == "fault"
    assert "aws sso login" in finding.fix


def test_parallel_trials_need_an_instance_each():
    needed = quotas_needed(Settings())

    assert needed["ml.m5.xlarge for spot training job usage"] == 2
    assert needed["ml.m5.xlarge for processing job usage"] == 1
