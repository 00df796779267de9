"""Approve a registered model, by default the newest version."""

import argparse

from pipelines.verbs.decision import configure, set_status

__all__ = ["SUMMARY", "configure", "run"]

SUMMARY = "approve a registered model"


def run(arguments: argparse.Namespace) -> int:
    """Set the status to Approved and print it."""
    return set_status(arguments, "Approved")
