"""Run the local AWS as a process of its own, until a signal or idleness ends it."""

import argparse
import logging
import os
import signal
import threading
import time

from local_aws import server_file
from local_aws.server import LocalAws
from local_aws.server_file import RunningServer
from local_aws.settings import Settings

_LOG = logging.getLogger("local_aws")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT, or idleness; return the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _LOG.setLevel(logging.INFO)
    settings = Settings(
        root=options.root,
        port=options.port,
        sandbox=options.sandbox,
        iam=options.iam,
        keep_job_folders=options.keep_job_folders,
        idle_shutdown_seconds=options.idle_shutdown,
        is_persistent=True,
        images=dict(image.split("=", 1) for image in options.image),
    )
    stop = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stop.set())
    with server_file.held(settings.root):
        aws = LocalAws(settings)
        if options.fresh:
            aws.state.forget()
        _serve(aws, stop)
    return 0


def _serve(aws: LocalAws, stop: threading.Event) -> None:
    with aws:
        server = RunningServer(os.getpid(), aws.port, aws.environment, aws.state.notices)
        server_file.write(aws.settings.root, server)
        _LOG.info("answering on %s", aws.endpoint_url)
        _wait(aws, stop)
        _LOG.info("ending")


def _wait(aws: LocalAws, stop: threading.Event) -> None:
    limit = aws.settings.idle_shutdown_seconds
    if limit <= 0:
        stop.wait()
        return
    while not stop.wait(min(limit / 4, 5.0)):
        if not aws.is_busy() and time.monotonic() - aws.gateway.last_request > limit:
            _LOG.info("idle for %s s", limit)
            return
