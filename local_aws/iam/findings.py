"""Compare what was found about grants with a reviewed list: everything found has a reason, every reason is needed."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from local_aws.errors import LocalAwsError
from local_aws.iam.patterns import matches

KINDS = ("unused", "drop", "widen")

_REMEDIES = {
    "unused": "remove the grant or give a reason",
    "drop": "remove the grant or give a reason",
    "widen": "add a request that it must deny, or give a reason",
}


class ReviewError(LocalAwsError):
    """A reviewed list cannot be read."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something about one grant that takes a reason.

    Attributes:
        kind: `unused`: granted, and no call used it. `drop`: without it every recorded call still passes.
            `widen`: without this limit every negative request is still denied; that of a Deny statement is itself.
        role: The role's ARN.
        statement: The statement's Sid, or its index.
        what: The action, or `Resource <ARN>` for one of several; for `widen` it is `Resource` (made `*`), `Resource
            <ARN>` (made its siblings), `Condition <operator> <key>` or `Deny`.
    """

    kind: str
    role: str
    statement: str
    what: str


@dataclass(frozen=True)
class Reason:
    """An entry of a reviewed list; role, statement and what may hold `*` and `?`.

    Attributes:
        kind: One of KINDS.
        role: The role's name without its path, as a pattern.
        reason: Why the grant stays.
        source: Where that is written: the page's address, or a file of the repository.
    """

    kind: str
    role: str
    statement: str
    what: str
    reason: str
    source: str

    def explains(self, finding: Finding) -> bool:
        """Tell whether this entry is about a finding."""
        return (
            self.kind == finding.kind
            and matches(self.role, finding.role.rpartition("/")[2])
            and matches(self.statement, finding.statement)
            and matches(self.what, finding.what)
        )


@dataclass(frozen=True)
class Review:
    """What is wrong between findings and reasons.

    Attributes:
        unexplained: Findings without a reason.
        stale: Reasons that explain no finding.
    """

    unexplained: tuple[Finding, ...]
    stale: tuple[Reason, ...]

    def __str__(self) -> str:
        """Say what to do about each."""
        lines = [
            f"{item.kind}: role {item.role}, statement {item.statement}, {item.what}: {_REMEDIES[item.kind]}"
            for item in self.unexplained
        ]
        lines += [
            f"stale: the reason for {item.kind} {item.role} {item.statement} {item.what} explains nothing: remove it"
            for item in self.stale
        ]
        return "\n".join(lines)


def read_reasons(path: Path) -> list[Reason]:
    """Read a reviewed list: a TOML file of `[[grant]]` tables with the members of Reason.

    Raises:
        ReviewError: An entry lacks a member, has an unknown one, or says nothing in one.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("grant", [])
    except (OSError, tomllib.TOMLDecodeError) as err:
        raise ReviewError(f"The reviewed list {path} cannot be read: {err}.") from err
    return [_reason(entry, f"{path}: grant {number}") for number, entry in enumerate(entries, 1)]


def _reason(entry: Mapping[str, Any], where: str) -> Reason:
    names = {item.name for item in fields(Reason)}
    wrong = sorted(names ^ set(entry)) or sorted(name for name in names if not str(entry[name]).strip())
    if wrong:
        raise ReviewError(f"{where}: {', '.join(wrong)}: each entry says {', '.join(sorted(names))}, and nothing else.")
    if entry["kind"] not in KINDS:
        raise ReviewError(f"{where}: kind {entry['kind']!r} is unknown; allowed are {', '.join(KINDS)}.")
    return Reason(**entry)


def review(findings: Iterable[Finding], reasons: Sequence[Reason]) -> Review:
    """Return the findings without a reason and the reasons without a finding."""
    found = sorted(set(findings))
    return Review(
        tuple(item for item in found if not any(reason.explains(item) for reason in reasons)),
        tuple(reason for reason in reasons if not any(reason.explains(item) for item in found)),
    )
