"""Ask AWS for one fact after another; what cannot be found is written down, and the search goes on."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from pipelines.targets import Target

Found = TypeVar("Found")


class Lookup:
    """Asks a target; afterwards `not_found` says what it did not get, and why.

    Attributes:
        target: Whom it asks.
        not_found: One sentence for each fact that is missing.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.not_found: list[str] = []

    def client(self, service: str) -> Any:
        """Return the target's client of a service."""
        return self.target.client(service)

    def attempt(self, what: str, ask: Callable[[], Found]) -> Found | None:
        """Return the answer, or None if AWS has none: it is gone, or this user may not see it."""
        try:
            return ask()
        except ClientError as error:
            told = error.response.get("Error", {})
            self.miss(f"{what}: {told.get('Message') or told.get('Code') or error}")
        except (LookupError, TypeError, ValueError) as error:
            self.miss(f"{what}: its content is not what was expected ({type(error).__name__}: {error})")
        return None

    def miss(self, what: str) -> None:
        """Write down that something was not found."""
        text = " ".join(what.split())
        if text not in self.not_found:
            self.not_found.append(text)

    def pages(self, service: str, operation: str, member: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages of a List call."""
        for page in self.client(service).get_paginator(operation).paginate(**arguments):
            yield from page.get(member, [])

    def read_json(self, bucket: str, key: str) -> dict[str, Any]:
        """Return a JSON object that lies in S3.

        Raises:
            ValueError: It is none.
        """
        body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        document = json.loads(body)
        if not isinstance(document, dict):
            raise ValueError(f"s3://{bucket}/{key} is no JSON object")  # noqa: TRY004 - one error for callers
        return document
