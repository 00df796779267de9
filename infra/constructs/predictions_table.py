"""Describe the predictions of scored days in the Glue Data Catalog: JSON Lines as the transform job wrote them.

Partitions are projected from the date: nothing has to be registered when a day was scored.
"""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_lakeformation as lakeformation
from constructs import Construct

from infra.names import iam_arn
from usecase.prediction_columns import prediction_columns

PREDICTIONS_TABLE, DATE_PARTITION = "predictions", "date"
_FIRST_DAY = "2013-01-01"
_PROJECTION = {
    "projection.enabled": "true",
    f"projection.{DATE_PARTITION}.type": "date",
    f"projection.{DATE_PARTITION}.format": "yyyy-MM-dd",
    # Tonight's run scores tomorrow.
    f"projection.{DATE_PARTITION}.range": f"{_FIRST_DAY},NOW+1DAYS",
}


class PredictionsTable(Construct):
    """The table, and who may query it where Lake Formation decides.

    Attributes:
        name: Of the table.

    Args:
        database: Name of the lake's database.
        location: S3 folder of the dates' folders.
        readers: Roles, as the part of their ARN after the account.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, database: str, location: str, readers: Sequence[str] = ()
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = PREDICTIONS_TABLE
        columns = [glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in prediction_columns().items()]
        table = glue.CfnTable(
            self,
            "Table",
            catalog_id=Stack.of(self).account,
            database_name=database,
            table_input=glue.CfnTable.TableInputProperty(
                name=self.name,
                description="Predictions for every scheduled flight of a day, as known the evening before",
                table_type="EXTERNAL_TABLE",
                parameters={
                    "classification": "json",
                    **_PROJECTION,
                    "storage.location.template": f"{location}{DATE_PARTITION}=${{{DATE_PARTITION}}}/",
                },
                partition_keys=[glue.CfnTable.ColumnProperty(name=DATE_PARTITION, type="string")],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=columns,
                    location=location,
                    input_format="org.apache.hadoop.mapred.TextInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.openx.data.jsonserde.JsonSerDe",
                        # SageMakerOutput is a column in lower case: Hive knows no other.
                        parameters={"case.insensitive": "true", "ignore.malformed.json": "false"},
                    ),
                ),
            ),
        )
        for number, reader in enumerate(readers):
            self._grant(table, database, f"Reader{number}", iam_arn(self, reader))

    def _grant(self, table: glue.CfnTable, database: str, construct_id: str, principal: str) -> None:
        permissions = lakeformation.CfnPrincipalPermissions
        grant = permissions(
            self,
            construct_id,
            permissions=["SELECT", "DESCRIBE"],
            permissions_with_grant_option=[],
            principal=permissions.DataLakePrincipalProperty(data_lake_principal_identifier=principal),
            resource=permissions.ResourceProperty(
                table=permissions.TableResourceProperty(
                    catalog_id=Stack.of(self).account, database_name=database, name=self.name
                )
            ),
        )
        grant.add_resource_dependency(table)
