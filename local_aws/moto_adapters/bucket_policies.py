"""Keep moto from judging by bucket policies: it reads a conditional Deny, such as TLS-only, as one for everybody.

A policy is stored and can be read back; requests are authorised elsewhere. Nor does moto look for the log service's
permission when access logs are turned on: S3 does not, so that a template may make the policy after the bucket.
"""

from typing import Any


def leave_to_others() -> None:
    """Make moto's S3 neither allow nor deny by a bucket's policy."""
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415 - moto is imported on first use
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    def no_opinion(*_: Any) -> PermissionResult:
        return PermissionResult.NEUTRAL

    FakeBucket.get_permission = no_opinion
    FakeBucket._log_permissions_enabled_policy = staticmethod(lambda **_: True)  # noqa: SLF001
