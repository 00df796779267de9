"""Name the programs of the managed images."""

from local_aws.containers.fork_server.command import Program

PROGRAMS: dict[str, Program] = {}
"""Command name → the function that is the command."""
