"""What the monitors said last about the variants that serve a package."""

from functools import partial

from pipelines.lineage.lookup import Lookup
from pipelines.lineage.records import Record, monitoring_record

_REPORT = "report.json"
_DATE_FOLDERS = 3


def find_latest_reports(lookup: Lookup, bucket: str, endpoint: Record) -> list[Record]:
    """Return the newest report of each of an endpoint's variants."""
    found = []
    for variant in endpoint["variants"]:
        name = f"{endpoint['name']}/{variant['variant']}"
        key = lookup.attempt(f"monitoring reports of {name}", partial(_newest, lookup, bucket, name))
        if key is None:
            continue
        if not key:
            lookup.miss(f"monitoring reports of {name}: there are none yet in s3://{bucket}/monitoring/{name}/")
            continue
        uri = f"s3://{bucket}/{key}"
        report = lookup.attempt(uri, partial(_read, lookup, bucket, key)) or {}
        found.append({"endpoint": endpoint["name"], "variant": variant["variant"], "report": uri} | report)
    return found


def _read(lookup: Lookup, bucket: str, key: str) -> Record:
    return monitoring_record(lookup.read_json(bucket, key))


def _newest(lookup: Lookup, bucket: str, name: str) -> str:
    """Return the key of the newest report, or "": the last year, its last month, its last day that has one."""
    days = [f"monitoring/{name}/"]
    for _ in range(_DATE_FOLDERS):
        # A day without a report, of a run that is under way, is passed over.
        days = [folder for day in days[:2] for folder in _folders(lookup, bucket, day)]
    for day in days:
        key = f"{day}{_REPORT}"
        if any(
            item["Key"] == key for item in lookup.pages("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=key)
        ):
            return key
    return ""


def _folders(lookup: Lookup, bucket: str, prefix: str) -> list[str]:
    """Return the folders of numbers right below a prefix, the last first."""
    pages = lookup.pages("s3", "list_objects_v2", "CommonPrefixes", Bucket=bucket, Prefix=prefix, Delimiter="/")
    found = [item["Prefix"] for item in pages]
    return sorted((folder for folder in found if folder.removeprefix(prefix).rstrip("/").isdigit()), reverse=True)
