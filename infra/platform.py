"""Wire the stacks of one stage together."""

from typing import Any

from aws_cdk import Environment, Stack
from constructs import Construct

from infra.settings import Stage
from infra.stacks.delivery_stack import DeliveryStack
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from infra.stacks.monitoring_stack import MonitoringStack
from infra.stacks.network_stack import NetworkStack
from infra.stacks.release_stack import ReleaseStack
from infra.stacks.safeguards_stack import SafeguardsStack
from infra.stacks.scoring_stack import ScoringStack
from infra.stacks.storage_stack import StorageStack
from infra.stacks.training_stack import TrainingStack
from pipelines.settings import Settings


class Platform:
    """All stacks of a stage, in the order in which they are deployed; each is given what it needs of the others.

    Args:
        settings: Of the training pipeline.

    Attributes:
        stacks: The stacks, in that order.
    """

    def __init__(
        self, scope: Construct, stage: Stage, *, settings: Settings | None = None, env: Environment | None = None
    ) -> None:
        env = env or Environment(region=stage.region)

        def name(stack: str) -> str:
            return f"{stage.prefix}-{stack}"

        self.delivery = DeliveryStack(scope, name("Delivery"), stage=stage, env=env)
        common: dict[str, Any] = {"stage": stage, "boundary": self.delivery.boundary, "env": env}
        self.safeguards = SafeguardsStack(scope, name("Safeguards"), **common)
        self.network = NetworkStack(scope, name("Network"), logs_key=self.safeguards.key, **common)
        self.identities = IdentitiesStack(
            scope,
            name("Identities"),
            release_boundary=self.delivery.release_boundary,
            machine_boundary=self.delivery.machine_boundary,
            **common,
        )
        self.lake = LakeStack(scope, name("Lake"), identities=self.identities, **common)
        storage: list[StorageStack] = []
        if stage.training_storage in ("fsx-lustre", "efs"):
            kind = stage.training_storage
            storage = [StorageStack(scope, name("Storage"), kind=kind, network=self.network, lake=self.lake, **common)]
        self.training = TrainingStack(
            scope,
            name("Training"),
            identities=self.identities,
            network=self.network,
            lake=self.lake,
            alarms=self.safeguards.topic,
            settings=settings or stage.pipeline_settings(),
            file_system=storage[0].file_system.described if storage else None,
            **common,
        )
        self.release = ReleaseStack(
            scope,
            name("Release"),
            identities=self.identities,
            network=self.network,
            lake=self.lake,
            safeguards=self.safeguards,
            training=self.training,
            **common,
        )
        self.monitoring = MonitoringStack(
            scope,
            name("Monitoring"),
            identities=self.identities,
            network=self.network,
            lake=self.lake,
            safeguards=self.safeguards,
            training=self.training,
            **common,
        )
        self.scoring = ScoringStack(
            scope,
            name("Scoring"),
            identities=self.identities,
            network=self.network,
            lake=self.lake,
            safeguards=self.safeguards,
            training=self.training,
            **common,
        )
        self.stacks: list[Stack] = [
            self.delivery,
            self.safeguards,
            self.network,
            self.identities,
            self.lake,
            *storage,
            self.training,
            self.release,
            self.monitoring,
            self.scoring,
        ]
