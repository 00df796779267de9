"""Bring the user's code to /opt/ml/code and install it, with the traps of the image's toolkit."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from local_aws.containers.program_names import ISOLATED_VARIABLE
from local_aws.containers.toolkit.errors import ClientError, InstallModuleError

_FALSE = {"0", "false", "no", "off", "n", "f"}
_NO_INDEX = """\
  Installing build dependencies: finished with status 'error'
  error: subprocess-exited-with-error

  x pip subprocess to install build dependencies did not run successfully.
  │ exit code: 1
  ╰─> [2 lines of output]
      ERROR: Could not find a version that satisfies the requirement setuptools>=40.8.0 (from versions: none)
      ERROR: No matching distribution found for setuptools>=40.8.0
      [end of output]

local AWS: this job has network isolation, so `pip install .` reaches no package index, here as on SageMaker. \
Set PIP_NO_BUILD_ISOLATION=0 in the job's Environment: pip then builds with the image's own setuptools \
(0 is right: pip reads the variable as the opposite of its name)."""


def fetch(source: str, target: Path) -> None:
    """Unpack the code that `sagemaker_submit_directory` names: an S3 URI, a local tar.gz or a folder.

    Raises:
        ClientError: There is no such code.
    """
    target.mkdir(parents=True, exist_ok=True)
    if source.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder, "sourcedir.tar.gz")
            _download(source, archive)
            _extract(archive, target)
    elif Path(source).is_dir():
        if Path(source).resolve() != target.resolve():
            shutil.copytree(source, target, dirs_exist_ok=True)
    elif Path(source).is_file():
        _extract(Path(source), target)
    else:
        raise ClientError(
            f"sagemaker_submit_directory is {source!r}, which does not exist in the container. Allowed are an S3 URI "
            "of a tar.gz, or the path of a tar.gz or a folder, for example in a channel: "
            "/opt/ml/input/data/code/sourcedir.tar.gz"
        )


def install(code: Path) -> None:
    """Do what the toolkit's `pip install .` of the user's code comes to. A simulation: nothing is installed.

    Raises:
        InstallModuleError: pip would fail.
    """
    requirements = code / "requirements.txt"
    command = "python3 -m pip install . " + ("-r requirements.txt" if requirements.exists() else "")
    is_isolated = os.environ.pop(ISOLATED_VARIABLE, "") == "1"  # ours: the user's script shall not see it
    isolates_builds = os.environ.get("PIP_NO_BUILD_ISOLATION", "1").strip().lower() not in _FALSE
    if isolates_builds and is_isolated:
        raise InstallModuleError(command, _NO_INDEX)
    if requirements.exists() and (missing := _unsatisfied(requirements)):
        raise InstallModuleError(command, missing)


def _unsatisfied(requirements: Path) -> str:
    """Return pip's complaint about requirements which are not installed already; empty where all are."""
    lines = [line.strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    if not any(line and not line.startswith("#") for line in lines):
        return ""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--disable-pip-version-check"]
    result = subprocess.run(
        [*pip, "--quiet", "-r", requirements.name], cwd=requirements.parent, capture_output=True, text=True, check=False
    )
    if result.returncode == 0:
        return ""
    return (
        f"{result.stderr.strip()}\nlocal AWS: jobs run with the installed packages only; nothing is downloaded. "
        "Remove the requirement, or install it into the environment that runs the local AWS."
    )


def _download(uri: str, target: Path) -> None:
    import boto3  # noqa: PLC0415 - half a second that only this way needs
    from botocore import exceptions  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    parts = urlsplit(uri)
    patience = Config(connect_timeout=5, retries={"max_attempts": 1})
    try:
        client = boto3.client("s3", region_name=os.environ.get("AWS_REGION", "us-east-1"), config=patience)
        client.download_file(parts.netloc, parts.path.lstrip("/"), str(target))
    except (exceptions.BotoCoreError, exceptions.ClientError, OSError) as error:
        raise ClientError(
            f"cannot download the code {uri}: {error}. A job with network isolation cannot reach S3: pass the code as "
            "an input channel and set sagemaker_submit_directory=/opt/ml/input/data/code/sourcedir.tar.gz"
        ) from error


def _extract(archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    except tarfile.TarError as error:
        raise ClientError(f"the code {archive} is not a tar.gz: {error}") from error
