"""Name the programs of the managed images."""

from local_aws.containers.fork_server.command import Program
from local_aws.containers.toolkit import train

PROGRAMS: dict[str, Program] = {"train": train.main}
"""Command name → the function that is the command."""
