"""Tell the SageMaker Python SDK (v2 and v3) the name of its default bucket.

To build that name it asks STS for the account, at an address of its own making that AWS_ENDPOINT_URL does not change,
so an estimator or a processor without an explicit bucket would leave this machine. A configuration file, which the SDK
reads from where an environment variable says, answers the question beforehand; it also turns the SDK's telemetry off.
"""

from pathlib import Path

VARIABLE = "SAGEMAKER_USER_CONFIG_OVERRIDE"
_FILE = "sagemaker-sdk.yaml"
_CONTENT = """\
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: sagemaker-{region}-{account_id}
"""


def path(root: Path) -> Path:
    """Return where the configuration file of a local AWS lies."""
    return root / _FILE


def write(root: Path, account_id: str, region: str) -> None:
    """Write the configuration file into a local AWS's root folder."""
    path(root).write_text(_CONTENT.format(region=region, account_id=account_id), encoding="utf-8")
