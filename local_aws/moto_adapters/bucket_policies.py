"""Keep moto's S3 from judging by bucket policies, and from writing access logs.

moto reads a conditional Deny, such as TLS-only, as one for everybody. Here a policy is stored and can be read back;
requests are authorised elsewhere. Nor does moto look for the log service's permission when access logs are turned on:
S3 does not, so that a template may make the policy after the bucket. The logs themselves, an object a request, written
at once, would keep their bucket from ever being empty: S3 delivers them hours later, and does not promise to.
"""

from typing import Any


def leave_to_others() -> None:
    """Make moto's S3 neither allow nor deny by a bucket's policy, and write no access logs."""
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415 - moto is imported on first use
    from moto.s3.models import FakeBucket, S3Backend  # noqa: PLC0415

    def no_opinion(*_: Any) -> PermissionResult:
        return PermissionResult.NEUTRAL

    def no_log(*_: Any) -> None:
        return None

    FakeBucket.get_permission = no_opinion
    FakeBucket._log_permissions_enabled_policy = staticmethod(lambda **_: True)  # noqa: SLF001
    S3Backend.log_incoming_request = no_log
