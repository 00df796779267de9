"""Describe the lake's tables in the Glue Data Catalog, from the use case's own schema."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipelines.names import PIPELINE_NAME
from usecase.ingest import SOURCE_PACKAGE
from usecase.schema import TABLES
from usecase.table_columns import SPLITS, StoredType, curated_columns, raw_columns

PREPARED_TABLE = "prepared"

_HIVE_TYPES: dict[StoredType, str] = {
    "int8": "tinyint",
    "int64": "bigint",
    "float32": "float",
    "float64": "double",
    "string": "string",
    "timestamp": "timestamp",
}
_PARQUET: dict[str, Any] = {
    "input_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "output_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "serde_info": {"serializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
_MONTHLY = {
    "projection.year.type": "integer",
    "projection.year.range": "2013,2030",
    "projection.year.digits": "4",
    "projection.month.type": "integer",
    "projection.month.range": "1,12",
    "projection.month.digits": "2",
}


class Catalogue(Construct):
    """A database with the raw tables and the prepared data sets.

    Partitions are projected: nobody crawls, and a new month or execution can be queried at once.

    Attributes:
        database_name: Of the database.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, raw: s3.IBucket, curated: s3.IBucket) -> None:
        super().__init__(scope, construct_id)
        self.database_name = name
        self._database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=name, description="Raw and prepared tables of the flight-delay platform"
            ),
        )
        for table in TABLES.values():
            self._add_raw_table(
                table.name, f"s3://{raw.bucket_name}/{SOURCE_PACKAGE}/{table.name}/", monthly=table.monthly
            )
        self._add_prepared_table(f"s3://{curated.bucket_name}/{PIPELINE_NAME}/")

    def _add_raw_table(self, name: str, location: str, *, monthly: bool) -> None:
        keys = {"year": "int", "month": "int"} if monthly else {}
        columns = {column: kind for column, kind in raw_columns(name).items() if column not in keys}
        projection = {**_MONTHLY, "storage.location.template": f"{location}year=${{year}}/month=${{month}}/"}
        self._add_table(
            name,
            description="As it landed",
            location=location,
            columns=columns,
            keys=keys,
            projection=projection if monthly else {},
        )

    def _add_prepared_table(self, location: str) -> None:
        """Add the prepared data of every execution; a query must say which one (an injected partition)."""
        projection = {
            "projection.execution.type": "injected",
            "projection.split.type": "enum",
            "projection.split.values": ",".join(SPLITS),
            "storage.location.template": f"{location}${{execution}}/${{split}}/",
        }
        keys = {"execution": "string", "split": "string"}
        self._add_table(
            PREPARED_TABLE,
            description="Features, label and metadata that Prepare wrote, by execution and split",
            location=location,
            columns=curated_columns(),
            keys=keys,
            projection=projection,
        )

    def _add_table(
        self,
        name: str,
        *,
        description: str,
        location: str,
        columns: Mapping[str, StoredType],
        keys: Mapping[str, str],
        projection: Mapping[str, str],
    ) -> None:
        enabled = {"projection.enabled": "true"} if projection else {}
        table = glue.CfnTable(
            self,
            name.capitalize(),
            catalog_id=Stack.of(self).account,
            database_name=self.database_name,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                description=description,
                table_type="EXTERNAL_TABLE",
                parameters={"classification": "parquet", **enabled, **projection},
                partition_keys=[_column(key, kind) for key, kind in keys.items()],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[_column(column, _HIVE_TYPES[kind]) for column, kind in columns.items()],
                    location=location,
                    **_PARQUET,
                ),
            ),
        )
        table.add_resource_dependency(self._database)


def _column(name: str, hive_type: str) -> glue.CfnTable.ColumnProperty:
    return glue.CfnTable.ColumnProperty(name=name, type=hive_type)
