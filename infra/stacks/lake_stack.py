"""Deploy the lake: keys, zones, catalogue, queries, audit. Stateful: protected, apart, with pinned logical ids."""

from typing import Any

from constructs import Construct

from infra.constructs.audit_trail import AuditTrail
from infra.constructs.catalogue import PREPARED_TABLE, Catalogue
from infra.constructs.data_key import DataKey, KeyUsers
from infra.constructs.query_workgroup import RESULTS_PREFIX, QueryWorkgroup
from infra.constructs.table_grants import TableGrants
from infra.constructs.zone import AccessLogs, Zone
from infra.settings import Stage
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.platform_stack import PlatformStack


class LakeStack(PlatformStack):
    """One bucket a zone, one key a data class.

    Attributes:
        data_key: Raw and curated data, and the volumes of jobs.
        model_key: Models, evaluations, code.
        capture_key: Captured requests.
        audit_key: The audit trail.
        raw: Tables as they land.
        curated: Prepared data sets.
        artifacts: Code, models, evaluations, checkpoints, the current champion.
        capture: Captured requests, ground truth and reports of monitors.
        logs: Access logs and the audit trail.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, identities: IdentitiesStack, **more: Any
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, is_stateful=True, **more)
        self._make_keys(stage)
        self._name_key_users(identities)
        self._make_zones(stage)
        self._make_queries(stage, identities)
        AuditTrail(
            self,
            "Audit",
            zones=[self.raw, self.curated, self.artifacts, self.capture],
            logs_bucket=self.logs,
            key=self.audit_key,
        )

    def _make_keys(self, stage: Stage) -> None:
        self.data_key = DataKey(self, "DataKey", data_class="raw and curated", stage=stage)
        self.model_key = DataKey(self, "ModelKey", data_class="model", stage=stage)
        self.capture_key = DataKey(self, "CaptureKey", data_class="captured", stage=stage)
        self.audit_key = DataKey(self, "AuditKey", data_class="audit", stage=stage)

    def _name_key_users(self, roles: IdentitiesStack) -> None:
        """Processing never touches models, training never writes data, the pipeline reads reports only."""
        jobs = [roles.processing, roles.training, roles.evaluation, roles.scoring_job]
        serving = [roles.endpoint, roles.judge, roles.release]
        watching = [roles.monitor, roles.monitoring]
        self.data_key.name_users(
            KeyUsers(
                readers=[roles.training, roles.evaluation, roles.monitor, roles.scoring],
                # Predictions are the endpoint's: a transform job works under its model's role.
                writers=[roles.processing, roles.scoring_job, roles.endpoint],
                volumes=[*jobs, roles.pipeline, *serving, *watching, roles.scoring],
            )
        )
        self.model_key.name_users(
            KeyUsers(
                readers=[roles.pipeline, roles.endpoint, roles.judge, roles.monitor],
                writers=[roles.training, roles.evaluation, roles.release],
            )
        )
        self.capture_key.name_users(KeyUsers(writers=[*serving, *watching, roles.retraining]))
        for key in (self.data_key, self.model_key, self.capture_key):
            key.name_operators()
        file_systems = {"efs": "elasticfilesystem", "fsx-lustre": "fsx"}
        if self.stage.training_storage in file_systems:
            self.data_key.name_file_system(file_systems[self.stage.training_storage])

    def _make_zones(self, stage: Stage) -> None:
        kept, protected = stage.retention, stage.is_protected
        self.logs = AccessLogs(self, "Logs", expires_after_days=kept.access_log_days, is_protected=protected)
        zone: dict[str, Any] = {
            "access_logs": self.logs,
            "noncurrent_days": kept.noncurrent_days,
            "is_protected": protected,
        }
        curated_days = {"": kept.curated_days, RESULTS_PREFIX: kept.query_result_days}
        checkpoint_days = {"checkpoints/": kept.checkpoint_days}
        self.raw = Zone(self, "Raw", key=self.data_key, expires_after_days={}, **zone)
        self.curated = Zone(self, "Curated", key=self.data_key, expires_after_days=curated_days, **zone)
        self.artifacts = Zone(self, "Artifacts", key=self.model_key, expires_after_days=checkpoint_days, **zone)
        self.capture = Zone(self, "Capture", key=self.capture_key, expires_after_days={"": kept.capture_days}, **zone)

    def _make_queries(self, stage: Stage, identities: IdentitiesStack) -> None:
        # Glue and Athena know these resources by name only: names of the stage, in-place updates.
        name = f"flight_delay_{stage.name}"
        self.catalogue = Catalogue(self, "Catalogue", name=name, raw=self.raw, curated=self.curated)
        self.workgroup = QueryWorkgroup(
            self,
            "Queries",
            name=f"flight-delay-{stage.name}",
            results=self.curated,
            key=self.data_key,
            scan_limit_bytes=stage.athena_scan_limit_bytes,
            deletes_with_history=not stage.is_protected,
        )
        if stage.manages_lake_formation:
            grants = TableGrants(
                self,
                "Grants",
                qualifier=stage.qualifier,
                database=name,
                table=PREPARED_TABLE,
                readers=[identities.training, identities.evaluation],
            )
            grants.node.add_dependency(self.catalogue)
