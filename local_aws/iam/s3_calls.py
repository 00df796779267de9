"""Read which S3 operation a request calls from its method, path, query and headers; only a delete's body is read."""

import io
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from local_aws.http_server import Environ

_VIRTUAL_HOST = re.compile(r"^(?P<bucket>[^:]+?)\.(?:s3[.-][\w.-]*amazonaws\.com|localhost)(?::\d+)?$")
_SUBRESOURCES = {
    "accelerate": "AccelerateConfiguration",
    "acl": "Acl",
    "analytics": "AnalyticsConfiguration",
    "attributes": "Attributes",
    "cors": "CORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "legal-hold": "LegalHold",
    "lifecycle": "LifecycleConfiguration",
    "location": "Location",
    "logging": "Logging",
    "metrics": "MetricsConfiguration",
    "notification": "Notification",
    "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "OwnershipControls",
    "policy": "Policy",
    "policyStatus": "PolicyStatus",
    "publicAccessBlock": "PublicAccessBlock",
    "replication": "Replication",
    "requestPayment": "RequestPayment",
    "restore": "Restore",
    "retention": "Retention",
    "select": "Select",
    "tagging": "Tagging",
    "torrent": "Torrent",
    "uploadId": "Upload",
    "uploads": "Uploads",
    "versioning": "Versioning",
    "versions": "Versions",
    "website": "Website",
    "delete": "Delete",
}
_HEADERS = {
    "HTTP_X_AMZ_ACL": "s3:x-amz-acl",
    "HTTP_X_AMZ_COPY_SOURCE": "s3:x-amz-copy-source",
    "HTTP_X_AMZ_METADATA_DIRECTIVE": "s3:x-amz-metadata-directive",
    "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION": "s3:x-amz-server-side-encryption",
    "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "HTTP_X_AMZ_STORAGE_CLASS": "s3:x-amz-storage-class",
    "HTTP_IF_MATCH": "s3:if-match",
    "HTTP_IF_NONE_MATCH": "s3:if-none-match",
}
_QUERY = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys", "versionId": "s3:VersionId"}


def read(environ: Environ) -> tuple[str, dict[str, Any], dict[str, str | list[str]]]:
    """Return `METHOD level[subresource]`, the bucket and keys it is about, and its condition keys."""
    bucket, key = _bucket_and_key(environ)
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    method = environ["REQUEST_METHOD"]
    level = "object" if key else "bucket" if bucket else "service"
    sub = next((name for name in query if name in _SUBRESOURCES), "")
    parameters: dict[str, Any] = {"Bucket": bucket, "Key": key, "VersionId": query.get("versionId")}
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        parameters["CopySource"] = unquote(source.partition("?versionId=")[0]).lstrip("/")
    if environ.get("HTTP_X_AMZ_TAGGING"):
        parameters["Tags"] = dict(parse_qsl(environ["HTTP_X_AMZ_TAGGING"]))
    if sub == "delete" and method == "POST":
        parameters["Keys"] = _keys_to_delete(environ)
    return f"{method} {level}{':' + sub if sub else ''}", parameters, _context(environ, query, parameters)


def subresource(operation: str) -> str:
    """Return the name that IAM's actions have for an operation's subresource; empty where it has none."""
    return _SUBRESOURCES.get(operation.partition(":")[2], "")


def _bucket_and_key(environ: Environ) -> tuple[str, str]:
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace").lstrip("/")
    if virtual := _VIRTUAL_HOST.match(environ.get("HTTP_HOST", "")):
        return virtual["bucket"], path
    bucket, _, key = path.partition("/")
    return bucket, key


def _context(environ: Environ, query: Mapping[str, str], parameters: Mapping[str, Any]) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {"s3:TlsVersion": "1.3", "s3:signatureversion": "AWS4-HMAC-SHA256"}
    context["s3:authType"] = "REST-HEADER" if "HTTP_AUTHORIZATION" in environ else "REST-QUERY-STRING"
    context.update({key: environ[header] for header, key in _HEADERS.items() if environ.get(header)})
    context.update({key: query[name] for name, key in _QUERY.items() if name in query})
    for tag, value in parameters.get("Tags", {}).items():
        context[f"s3:RequestObjectTag/{tag}"] = value
    if parameters.get("Tags"):
        context["s3:RequestObjectTagKeys"] = list(parameters["Tags"])
    return context


def _keys_to_delete(environ: Environ) -> list[str]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1))
    environ["wsgi.input"] = io.BytesIO(body)
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat resolves no external entity, and the client is local
    except ET.ParseError:
        return []
    return [node.text or "" for node in root.iter() if node.tag.rpartition("}")[2] == "Key"]
