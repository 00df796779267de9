"""Name the programs of the managed images."""

from local_aws.containers.fork_server.command import Program
from local_aws.containers.toolkit import train
from local_aws.containers.toolkit.serving import serve

PROGRAMS: dict[str, Program] = {"train": train.main, "serve": serve.main}
"""Command name → the function that is the command."""
