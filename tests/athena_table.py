"""Read a Glue table of JSON Lines as Athena would: by its projection, location template, SerDe and columns alone.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html,
https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html.
"""

import datetime as dt
import json
import re

OPENX = "org.openx.data.jsonserde.JsonSerDe"
_STRUCT = re.compile(r"struct<(.*)>")
_TYPES = {"string": str, "int": int, "double": float}


class AthenaTable:
    """One table partitioned by one projected date.

    Attributes:
        columns: Name → Hive type, the partition included.
    """

    def __init__(self, glue, s3, database, name, *, today=None):
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
        self._s3, self._parameters, self._today = s3, table["Parameters"], today or dt.datetime.now(dt.UTC).date()
        stored = table["StorageDescriptor"]
        assert stored["SerdeInfo"]["SerializationLibrary"] == OPENX
        assert stored["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
        assert self._parameters["projection.enabled"] == "true"
        (self.partition,) = [key["Name"] for key in table["PartitionKeys"]]
        self._stored = {column["Name"]: column["Type"] for column in stored["Columns"]}
        self.columns = {**self._stored, self.partition: table["PartitionKeys"][0]["Type"]}
        assert self.partition not in self._stored, "Athena refuses a column that is a partition too"

    def projected(self):
        """The partition's values that the table knows of."""
        assert self._parameter("type") == "date"
        assert self._parameter("format") == "yyyy-MM-dd"
        first, last = (self._day(text) for text in self._parameter("range").split(","))
        return [(first + dt.timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]

    def rows(self, value):
        """SELECT * … WHERE partition = value."""
        if value not in self.projected():
            return []
        place = self._parameters["storage.location.template"].replace(f"${{{self.partition}}}", value)
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        # Hidden, for Hive and Athena.
        seen = [key for key in keys if not key.rpartition("/")[2].startswith(("_", "."))]
        texts = [self._s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in seen]
        return [{**self._row(line), self.partition: value} for text in texts for line in text.splitlines()]

    def _parameter(self, name):
        return self._parameters[f"projection.{self.partition}.{name}"]

    def _day(self, text):
        if found := re.fullmatch(r"NOW(?:([+-]\d+)DAYS?)?", text):
            return self._today + dt.timedelta(days=int(found[1] or 0))
        return dt.date.fromisoformat(text)

    def _row(self, line):
        given = {name.lower(): value for name, value in json.loads(line).items()}
        return {name: _typed(kind, given.get(name), name) for name, kind in self._stored.items()}


def _typed(kind, value, where):
    if value is None:
        return None
    if struct := _STRUCT.fullmatch(kind):
        fields = dict(field.split(":") for field in struct[1].split(","))
        return {name: _typed(inner, value.get(name), f"{where}.{name}") for name, inner in fields.items()}
    wanted = _TYPES[kind]
    if wanted is not str and isinstance(value, bool | str):
        raise TypeError(f"{where}: {value!r} is no {kind}")
    if wanted is int and int(value) != value:
        raise TypeError(f"{where}: {value!r} is no {kind}")
    return wanted(value)
