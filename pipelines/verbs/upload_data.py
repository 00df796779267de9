"""Land the use case's source data in the raw zone; files that lie there unchanged are skipped."""

import argparse
import sys

from pipelines.parameters import pipeline_parameters
from pipelines.raw_zone import upload_raw_data
from pipelines.resources import Resources
from pipelines.settings import Settings
from pipelines.verbs.options import add_target, chosen_target

SUMMARY = "land the source data in the raw zone"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    parser.add_argument("--to", metavar="s3://…", help="prefix (default: the parameter RawDataUri's default)")


def run(arguments: argparse.Namespace) -> int:
    """Upload and print how much there was to do."""
    target = chosen_target(arguments)
    uri = arguments.to or default_raw_uri(target.resources)
    upload = upload_raw_data(target.client("s3"), uri)
    sys.stdout.write(f"{uri}: {upload.files} files, {upload.uploaded} of them uploaded\n")
    return 0


def default_raw_uri(resources: Resources) -> str:
    """Return where the pipeline reads raw data unless told otherwise."""
    parameters = {item.name: item for item in pipeline_parameters(resources, Settings())}
    return str(parameters["RawDataUri"].default)
