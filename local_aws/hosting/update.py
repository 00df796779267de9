"""Replace what an endpoint runs: a new fleet beside the old one, traffic, watching, and the way back."""

import logging
from collections.abc import Mapping

from botocore.exceptions import ClientError

from local_aws.data_plane import DataPlane
from local_aws.errors import LocalAwsError
from local_aws.hosting import records
from local_aws.hosting.endpoint import LiveEndpoint
from local_aws.hosting.fleet import Fleet, FleetPlan
from local_aws.hosting.instance import failure_reason
from local_aws.hosting.policies import Rollout, Step

_LOG = logging.getLogger(__name__)
_POLL_LOCAL_SECONDS, _POLL_REAL_SECONDS = 10.0, 0.1


class RollBackError(LocalAwsError):
    """The update goes back; the message is why."""


class AbandonedError(LocalAwsError):
    """The endpoint or the server ends."""


class Update:
    """One update of one endpoint.

    Args:
        plane: The running local AWS.
        endpoint: What is updated; it serves its old fleet.
        plan: What the new fleet runs.
        weights: Weights of the new fleet's variants.
        rollout: In which steps.
    """

    def __init__(
        self, plane: DataPlane, endpoint: LiveEndpoint, plan: FleetPlan, weights: Mapping[str, float], rollout: Rollout
    ) -> None:
        assert endpoint.fleet is not None, "an endpoint in service has a fleet"
        self._plane, self._endpoint, self._plan, self._rollout = plane, endpoint, plan, rollout
        self._blue: Fleet = endpoint.fleet
        self._blue_counts = {name: pool.desired for name, pool in self._blue.pools.items()}
        self._green = endpoint.new_fleet(plan, self._show)
        self._green.set_weights(weights)
        self._green.is_green = rollout.is_guarded
        self._now: Step = rollout.steps[-1]
        self._started = plane.clock.time()

    def run(self) -> None:
        """Bring the update to its end: the new fleet in service, or the old one again."""
        try:
            self._watch_alarms("before the deployment started")
            for number, step in enumerate(self._rollout.steps):
                self._now = step
                self._grow(step, is_first=number == 0)
                self._shift(step)
                self._bake(step)
                if self._rollout.is_rolling:
                    self._shrink(step)
            self._finish()
        except AbandonedError:
            return
        except Exception as err:  # noqa: BLE001 - the boundary of the deployment
            if not self._endpoint.stop.is_set():
                self._roll_back(failure_reason(err))

    def _grow(self, step: Step, *, is_first: bool) -> None:
        total = sum(step.counts.values())
        self._status("Creating" if is_first else "Updating", f"Launching {total} instance(s).")
        if is_first:
            shadows = {item["VariantName"]: item.get("InitialInstanceCount", 1) for item in self._plan.shadows}
            self._green.start({**step.counts, **shadows})
        else:
            self._green.resize(step.counts)

    def _shift(self, step: Step) -> None:
        self._status("ActivatingTraffic", f"Activating traffic on {self._capacity(step)}.")
        self._endpoint.split([(self._blue, 1 - step.share), (self._green, step.share)])

    def _shrink(self, step: Step) -> None:
        left = {name: max(0, count - step.counts[name]) for name, count in self._blue_counts.items()}
        self._blue.resize(left)

    def _bake(self, step: Step) -> None:
        """Watch the alarms for the wait interval."""
        seconds = self._rollout.bake_seconds
        if not seconds and not self._rollout.alarms:
            return
        self._status("Baking", f"Baking for {seconds:g} seconds (WaitIntervalInSeconds) on {self._capacity(step)}.")
        end = self._plane.clock.time() + seconds
        while (left := end - self._plane.clock.time()) > 0:
            self._wait(min(left, max(_POLL_LOCAL_SECONDS, _POLL_REAL_SECONDS * self._plane.clock.speed)))
            self._watch_alarms(f"while {step.share:.0%} of the traffic went to the new fleet")
            if self._plane.clock.time() - self._started > self._rollout.timeout_seconds:
                raise RollBackError(
                    f"The deployment took longer than its maximum execution timeout of "
                    f"{self._rollout.timeout_seconds:g} seconds."
                )

    def _wait(self, seconds: float) -> None:
        if self._plane.clock.wait(seconds, self._endpoint.stop):
            raise AbandonedError(self._endpoint.key.name)

    def _watch_alarms(self, when: str) -> None:
        if not self._rollout.alarms:
            return
        cloudwatch = self._plane.client("cloudwatch", self._endpoint.key.region)
        try:
            found = cloudwatch.describe_alarms(
                AlarmNames=list(self._rollout.alarms), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        except ClientError as err:
            raise RollBackError(f"The rollback alarms cannot be read: {err}") from err
        all_alarms = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
        if ringing := sorted(alarm["AlarmName"] for alarm in all_alarms if alarm["StateValue"] == "ALARM"):
            raise RollBackError(f"The CloudWatch alarm(s) {', '.join(ringing)} went into ALARM {when}.")

    def _finish(self) -> None:
        """Put the new fleet in the old one's place."""
        self._endpoint.serve(self._green)
        if self._rollout.termination_seconds:
            self._status("ActivatingTraffic", "The old fleet waits for its termination.")
            self._wait(self._rollout.termination_seconds)
        self._endpoint.end_fleet(self._blue)
        self._plane.endpoints.capture(self._plane).flush()
        self._green.is_green = False
        fields = {
            "ShadowProductionVariants": None,
            **records.plan_fields(self._plan),
            **records.running_variants(self._plan, self._green, self._plane.clock.now()),
            "PendingDeploymentSummary": None,
            "FailureReason": None,
        }
        records.set_status(self._plane, self._endpoint.key, "InService", **fields)

    def _roll_back(self, reason: str) -> None:
        """Let the old fleet take all traffic again, and end the new one."""
        key = self._endpoint.key
        _LOG.info("%s: the update is rolled back: %s", key.name, reason)
        records.set_status(self._plane, key, "RollingBack", FailureReason=reason)
        try:
            if self._rollout.is_rolling:
                self._blue.resize(self._blue_counts)
            self._endpoint.serve(self._blue)
            self._endpoint.end_fleet(self._green)
        except Exception as err:  # noqa: BLE001 - the boundary of the deployment
            text = f"{reason} The rollback failed, too: {failure_reason(err)}"
            if not self._endpoint.stop.is_set():
                records.set_status(self._plane, key, "UpdateRollbackFailed", FailureReason=text)
            return
        self._plane.endpoints.capture(self._plane).flush()
        self._endpoint.show()
        records.set_status(self._plane, key, "InService", FailureReason=reason, PendingDeploymentSummary=None)

    def _capacity(self, step: Step) -> str:
        kind = "full" if step.share >= 1 else "canary" if self._rollout.mode == "canary" else self._rollout.mode
        return f"{kind} capacity of {sum(step.counts.values())} instance(s)"

    def _status(self, status: str, message: str) -> None:
        """Tell how far the update is, in the endpoint's record and to EventBridge."""
        if self._endpoint.stop.is_set():
            raise AbandonedError(self._endpoint.key.name)
        now = self._plane.clock.now()
        variant_status = [{"Status": status, "StatusMessage": message, "StartTime": now}]
        records.show_pending(self._plane, self._endpoint.key, self._plan, self._green, variant_status)

    def _show(self) -> None:
        """Write the new fleet's counts into the record."""
        if self._endpoint.fleet is self._green:
            self._endpoint.show()
        else:
            records.show_pending(self._plane, self._endpoint.key, self._plan, self._green, None)
