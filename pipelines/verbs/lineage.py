"""Show where a model package comes from and where it went: raw data, commit, jobs, registration, releases, endpoints.

What cannot be found, because it was deleted or may not be read, is named and ends nothing.
"""

import argparse
import json
import sys

from pipelines.approval import find_package
from pipelines.lineage.document import lineage_document
from pipelines.lineage.text import render_tree
from pipelines.verbs.options import add_target, chosen_target

SUMMARY = "show where a model package comes from and what serves it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    parser.add_argument("package", nargs="?", metavar="VERSION|ARN", help="model package (default: the newest)")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print the whole document")


def run(arguments: argparse.Namespace) -> int:
    """Print the lineage of a package."""
    target = chosen_target(arguments)
    arn = find_package(target.client("sagemaker"), target.resources.model_package_group, arguments.package)
    document = lineage_document(target, arn, arguments.stage)
    shown = json.dumps(document, indent=2) + "\n" if arguments.as_json else render_tree(document)
    sys.stdout.write(shown)
    return 0
