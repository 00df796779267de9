"""Emit SageMaker's own events when records change.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from local_aws.data_plane import DataPlane
from local_aws.events.sagemaker import jobs, model_packages, pipelines


def observe(plane: DataPlane) -> None:
    """Watch the records of jobs, pipelines and model packages."""
    jobs.observe(plane)
    model_packages.observe(plane)
    pipelines.observe(plane)
