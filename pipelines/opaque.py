"""Keep the SageMaker SDK from looking into the names of resources.

The SDK parses URIs and ARNs while it builds (a CDK token such as `${Token[TOKEN.12]}` in a bucket's place is an
"Invalid IPv6 URL" to it). So it is given placeholders, and the finished definition gets the real names.
"""

import dataclasses
import re
from typing import Any

from pipelines.resources import Roles

_ROLE_ARN = "arn:aws:iam::123456789012:role/"
_PLACEHOLDER = re.compile(rf"(?:{_ROLE_ARN})?(opaque-\d{{4}})")


class Placeholders:
    """Hand out a placeholder per string, and put the strings back."""

    def __init__(self) -> None:
        self._by_value: dict[str, str] = {}

    def hide(self, value: Any) -> Any:
        """Return a copy of a dataclass, mapping, sequence or string with every string replaced."""
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value)]
            return dataclasses.replace(value, **{name: self.hide(getattr(value, name)) for name in names})
        if isinstance(value, dict):
            return {key: self.hide(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.hide(item) for item in value)
        if isinstance(value, str):
            return self._by_value.setdefault(value, f"opaque-{len(self._by_value):04d}")
        return value

    def hide_uri(self, uri: str) -> str:
        """Replace an S3 URI by one which the SDK takes for an S3 URI."""
        return f"s3://{self.hide(uri.removeprefix('s3://'))}"

    def hide_roles(self, roles: Roles) -> Roles:
        """Replace role ARNs by what the SDK takes for role ARNs."""
        return Roles(**{use: f"{_ROLE_ARN}{self.hide(arn)}" for use, arn in dataclasses.asdict(roles).items()})

    def reveal(self, value: Any) -> Any:
        """Return a copy of a JSON value with the real strings in place."""
        if isinstance(value, dict):
            return {key: self.reveal(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.reveal(item) for item in value]
        if isinstance(value, str):
            values = {placeholder: text for text, placeholder in self._by_value.items()}
            return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group()), value)
        return value
