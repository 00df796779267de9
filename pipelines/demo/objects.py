"""Read and write single objects by their S3 URIs."""

from typing import Any

from pipelines.s3_uri import S3Uri, list_objects


class Objects:
    """Objects of any bucket, in memory: for the small ones of the demo."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def list(self, uri: str) -> list[str]:
        """Return the URIs of the objects in a folder, in the order of their keys."""
        bucket = S3Uri.parse(uri).bucket
        return [f"s3://{bucket}/{item['Key']}" for item in list_objects(self._s3, uri)]

    def read(self, uri: str) -> bytes:
        """Return an object's content."""
        place = S3Uri.parse(uri)
        return bytes(self._s3.get_object(Bucket=place.bucket, Key=place.key)["Body"].read())

    def write(self, uri: str, body: bytes) -> None:
        """Write an object."""
        place = S3Uri.parse(uri)
        self._s3.put_object(Bucket=place.bucket, Key=place.key, Body=body)

    def copy(self, source: str, copy: str) -> None:
        """Copy an object."""
        old, new = S3Uri.parse(source), S3Uri.parse(copy)
        self._s3.copy_object(Bucket=new.bucket, Key=new.key, CopySource={"Bucket": old.bucket, "Key": old.key})
