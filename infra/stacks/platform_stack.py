"""Be the base of every stack: three availability zones without a look-up, tags, protection, a permissions boundary."""

from typing import Any

from aws_cdk import Fn, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.settings import Stage
from pipelines.resources import PROJECT


class PlatformStack(Stack):
    """A stack of one stage.

    Synthesis must need neither network nor credentials. CDK looks availability zones up in the account as soon as a
    VPC asks for more than two, unless the stack answers itself.

    Args:
        boundary: Caps every role of the stack, whatever its own policies say.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        boundary: iam.IManagedPolicy | None = None,
        is_stateful: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(scope, construct_id, termination_protection=is_stateful and stage.is_protected, **more)
        self.stage = stage
        Tags.of(self).add("project", PROJECT)
        Tags.of(self).add("stage", stage.name)
        if boundary:
            iam.PermissionsBoundary.of(self).apply(boundary)

    @property
    def availability_zones(self) -> list[str]:
        """Return the first zones of whatever region the stack is deployed to."""
        zones = Fn.get_azs()
        return [Fn.select(index, zones) for index in range(self.stage.availability_zones)]
