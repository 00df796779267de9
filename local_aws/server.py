"""Compose the local AWS from its parts, and run it inside this process."""

import dataclasses
import importlib
import logging
import pkgutil
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import local_aws.autoscaling
import local_aws.sagemaker
import local_aws.small_services
from local_aws import sdk_defaults
from local_aws.autoscaling.engine import AutoScaling
from local_aws.clients import Clients
from local_aws.clock import Clock
from local_aws.cloudwatch.engine import CloudWatch
from local_aws.cloudwatch.series import MetricStore
from local_aws.containers.process_runtime import open_runtime
from local_aws.data_plane import DataPlane
from local_aws.errors import LocalAwsError
from local_aws.events import sagemaker as sagemaker_events
from local_aws.events.router import EventRouter
from local_aws.events.schedules import Schedules
from local_aws.gateway import Gateway
from local_aws.hosting import deployment
from local_aws.http_server import HttpServer
from local_aws.iam.guard import Guard
from local_aws.iam.principals import ADMINISTRATOR_KEY, SERVICE_KEY
from local_aws.iam.requirements import Requirement
from local_aws.jobs.s3 import ContentCache
from local_aws.monitoring import engine as monitoring
from local_aws.moto_adapters import backends
from local_aws.moto_adapters.application import MotoApplication, account_of
from local_aws.settings import Settings
from local_aws.state import State
from local_aws.step_functions import execution
from local_aws.store import Store

_LOG = logging.getLogger(__name__)
_STOP_TIMEOUT = 30.0
_SAVE_SECONDS = 5.0
_SAVE_SHARE = 50


class PortTakenError(LocalAwsError):
    """The TCP port asked for is not free."""


class LocalAws:
    """A local AWS on 127.0.0.1; a context manager.

    >>> with LocalAws(Settings(root=folder)) as aws:  # doctest: +SKIP
    ...     aws.boto3_session().client("sagemaker").list_training_jobs()
    """

    def __init__(self, settings: Settings) -> None:
        settings = dataclasses.replace(settings, root=settings.root.resolve())
        self.settings = settings
        settings.root.mkdir(parents=True, exist_ok=True)
        sdk_defaults.write(settings.root, settings.account_id, settings.region)
        clock = Clock()
        self._moto = MotoApplication(clock)
        try:
            self._server = HttpServer(settings.port, self._dispatch)
        except OSError as err:
            raise PortTakenError(
                f"Cannot listen on 127.0.0.1 port {settings.port}: {err.strerror}. Choose another --port, or 0 for any."
            ) from err
        self.port = self._server.server_port
        self.endpoint_url = f"http://127.0.0.1:{self.port}"
        self.clients = Clients(self.endpoint_url, ADMINISTRATOR_KEY if settings.iam == "off" else SERVICE_KEY)
        self._router = EventRouter()
        self.plane = DataPlane(
            settings=settings,
            store=Store(),
            containers=open_runtime(settings),
            client=self.clients,
            contents=ContentCache(settings.root / "contents", asks_each_time=settings.iam != "off"),
            spawn=spawn,
            denial_of_role=self._denial_of_role,
            clock=clock,
            metrics=MetricStore(clock, settings.account_id),
            events=self._router,
        )
        self._router.attach(self.plane)
        self.state = State(settings.root, self.plane.store)
        self._cloudwatch = CloudWatch(self.plane)
        self._closing = threading.Event()
        self.guard = Guard(settings, self.plane.store, self.clients.session_of)
        self.gateway = Gateway(self.plane, self._moto, account_of, self.guard)

    def _dispatch(self, environ: Any, start_response: Any) -> Any:
        return self.gateway(environ, start_response)

    def _denial_of_role(self, role_arn: str, operation: str, needed: Sequence[Requirement], region: str) -> str:
        return self.guard.denial_of_role(role_arn, operation, needed, region)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point any AWS client at this local AWS."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": self.settings.region,
            "AWS_REGION": self.settings.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            sdk_defaults.VARIABLE: str(sdk_defaults.path(self.settings.root)),
        }

    def boto3_session(self) -> Any:
        """Return a boto3 session whose clients talk to this local AWS, whatever the environment says."""
        import boto3  # noqa: PLC0415 - the server's start does not pay for it

        endpoint_url = self.endpoint_url

        class Session(boto3.Session):
            def client(self, *args: Any, **options: Any) -> Any:
                return super().client(*args, **{"endpoint_url": endpoint_url, **options})

            def resource(self, *args: Any, **options: Any) -> Any:
                return super().resource(*args, **{"endpoint_url": endpoint_url, **options})

        return Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - no secret
            region_name=self.settings.region,
        )

    def is_busy(self) -> bool:
        """Whether a job, a pipeline execution or an execution of a state machine runs."""
        return (
            self.plane.jobs.count > 0
            or self.plane.executions.count > 0
            or any(
                (self.plane.store.get(key) or {}).get("PipelineExecutionStatus") in {"Executing", "Stopping"}
                for key in self.plane.store.keys()  # noqa: SIM118 - a store is no dict
                if key.kind == "pipeline-execution"
            )
        )

    def start(self) -> None:
        """Answer requests from now on; returns at once."""
        _import_operations()
        self.plane.contents.clear()
        if not self.settings.keep_job_folders:
            for folder in ("jobs", "endpoints"):
                shutil.rmtree(self.settings.root / folder, ignore_errors=True)
        if self.settings.is_persistent:
            backends.hold_until_restored()
            self.plane.clock.keep_in(self.settings.root / "state" / "clock.json")
            self.state.restore_store(self.plane.clock.now())
            spawn("snapshots", self._save_regularly)
        sagemaker_events.observe(self.plane)
        spawn("http-server", lambda: self._server.serve_forever(poll_interval=0.1))
        spawn("warm-up", self._warm_up)
        deployment.resume(self.plane)
        self._cloudwatch.start()
        AutoScaling(self.plane).start()
        monitoring.start(self.plane)

    def close(self) -> None:
        """End every job and the server."""
        self._closing.set()
        self.plane.endpoints.close()
        self.plane.clock.close()
        self._router.stop.set()
        self.plane.executions.suspend_all()
        self.plane.jobs.stop_all(_STOP_TIMEOUT)
        self._server.shutdown()
        if self.settings.is_persistent:
            backends.wait_until_restored()
            self.state.save(everything=True)
            self._cloudwatch.save(is_last=True)
        self._server.server_close()
        self.plane.containers.close()

    def _save_regularly(self) -> None:
        backends.wait_until_restored()
        pause = _SAVE_SECONDS
        while not self._closing.wait(pause):
            started = time.monotonic()
            self.state.save()
            self.plane.clock.save()
            self._cloudwatch.save()
            # However large the state, saving takes at most a few percent of the time.
            pause = max(_SAVE_SECONDS, _SAVE_SHARE * (time.monotonic() - started))

    def _warm_up(self) -> None:
        try:
            self._moto.warm_up()
            if self.settings.is_persistent:
                self.state.restore_moto()
        finally:
            backends.release()
        execution.resume_all(self.plane)
        self._router.listen_to_s3()
        Schedules(self.plane, self._router).start()
        for service in ("s3", "sagemaker"):
            self.clients(service, self.settings.region)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def spawn(name: str, function: Callable[[], None]) -> None:
    """Run a function on a named daemon thread; a crash is logged."""

    def run() -> None:
        try:
            function()
        except Exception:  # noqa: BLE001 - the boundary of the thread
            _LOG.exception("thread %s crashed", name)

    threading.Thread(target=run, name=name, daemon=True).start()


def _import_operations() -> None:
    """Import every module of what answers: operations register themselves."""
    for package in (local_aws.sagemaker, local_aws.small_services, local_aws.autoscaling):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
