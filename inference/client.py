"""Send requests to an endpoint with two variants: the same entity always to the same variant, however often it asks.

The variant is a pure function of the entity and the experiment: SHA-256 over `salt`, a line feed and the entity; the
first 53 bits are a number in [0, 1). The variants, in alphabetical order, own neighbouring intervals as long as their
weights: with `challenger` and `champion` the challenger owns [0, its share). So a ramp from 5 % to 25 % moves exactly
20 % of the entities, none of them back, and another salt (another experiment) shuffles anew. No state is kept; any
language or SQL engine can repeat it.

Every request names its variant (TargetVariant) and its InferenceId, and tells the judge in CustomAttributes what was
assigned. A variant that cannot answer is replaced by the other one, and that is recorded, too: the judge analyses a
request as it was assigned.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CHAMPION, CHALLENGER = "champion", "challenger"
UNAVAILABLE = frozenset(
    {
        "InternalDependencyException",
        "InternalFailure",
        "ModelNotReadyException",
        "ServiceUnavailable",
        "ValidationError",
    }
)
"""Codes of `sagemaker-runtime` with which a variant, not the request, is at fault; a ValidationError only where it
speaks of the variant. A ModelError counts as well when the container answered 5xx or not at all."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_ID_LENGTH = 64
_FIRST_SERVER_ERROR = 500
_BITS = 53


class AssignmentError(ValueError):
    """An experiment or an identifier that cannot be used."""


@dataclass(frozen=True)
class Experiment:
    """An experiment between variants of one endpoint.

    Attributes:
        name: Letters, digits, `.`, `_`, `-`; at most 63.
        weights: Variant → weight, as DesiredWeight; only ratios count, and 0 excludes a variant.
        salt: What mixes the entities; the name unless two experiments shall assign alike.
    """

    name: str
    weights: Mapping[str, float]
    salt: str = ""
    _edges: tuple[tuple[float, str], ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        """Refuse what cannot be an experiment, and lay out the intervals."""
        if not _NAME.match(self.name):
            raise AssignmentError(f"experiment {self.name!r}: a name has 1 to 63 of letters, digits, '.', '_', '-'")
        if "\n" in self.salt:
            raise AssignmentError(f"experiment {self.name!r}: salt {self.salt!r} holds a line feed, which is reserved")
        for variant, weight in self.weights.items():
            if not 0 <= weight < float("inf"):
                raise AssignmentError(f"variant {variant!r}: weight {weight!r} is not allowed; expected 0 or more")
        total = sum(self.weights.values())
        if total <= 0:
            raise AssignmentError(f"experiment {self.name!r}: no variant has a weight above 0; at least one must")
        object.__setattr__(self, "_edges", _edges(self.weights, total))

    def variant_of(self, entity: str) -> str:
        """The variant of an entity."""
        number = position(self.salt or self.name, entity)
        return next(variant for edge, variant in self._edges if number < edge)

    def share(self, variant: str) -> float:
        """The share of entities that a variant gets, from 0 to 1."""
        return self.weights.get(variant, 0.0) / sum(self.weights.values())

    def others(self, variant: str) -> tuple[str, ...]:
        """The other variants which take part, in the order of their intervals."""
        return tuple(name for _, name in self._edges if name != variant)


def position(salt: str, entity: str) -> float:
    """The place of an entity in [0, 1): uniform over entities, independent between salts."""
    digest = hashlib.sha256(f"{salt}\n{entity}".encode()).digest()
    return (int.from_bytes(digest[:8]) >> (64 - _BITS)) / (1 << _BITS)


def weights_of(endpoint: Mapping[str, Any]) -> dict[str, float]:
    """The weights that an answer of DescribeEndpoint shows: clients follow the ramp, whoever drives it."""
    return {each["VariantName"]: float(each["CurrentWeight"]) for each in endpoint["ProductionVariants"]}


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        response: The answer of InvokeEndpoint.
        assigned: The variant that the experiment chose.
        variant: The one that answered.
        fallback: Why it is another one: the error's code, or nothing.
    """

    response: Mapping[str, Any]
    assigned: str
    variant: str
    fallback: str = ""


class VariantClient:
    """Invokes an endpoint for the entities of an experiment.

    Args:
        runtime: A `sagemaker-runtime` client.
        endpoint: The endpoint's name.
        experiment: Who gets what.
    """

    def __init__(self, runtime: Any, endpoint: str, experiment: Experiment) -> None:
        self._runtime, self._endpoint, self.experiment = runtime, endpoint, experiment

    def invoke(
        self,
        entity: str,
        body: bytes,
        *,
        inference_id: str,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Answer:
        """Send one request to the entity's variant, or to another one if that one is unavailable.

        Args:
            entity: Whom the variant sticks to: a customer, a session, here a flight.
            body: The request.
            inference_id: Joins the answer with its ground truth: unique per request, 1 to 64 ASCII characters.
            content_type: Of the body.
            accept: Of the answer.

        Raises:
            AssignmentError: The inference id cannot be sent.
            ClientError: As boto3 raises it: the request's own fault, or no variant is available.
        """
        if not (0 < len(inference_id) <= _ID_LENGTH and inference_id.isascii()):
            raise AssignmentError(f"inference id {inference_id!r}: allowed are 1 to {_ID_LENGTH} ASCII characters")
        request = {"Body": body, "ContentType": content_type, "Accept": accept, "InferenceId": inference_id}
        assigned = self.experiment.variant_of(entity)
        try:
            return Answer(self._send(request, assigned, assigned), assigned, assigned)
        except Exception as error:
            others = self.experiment.others(assigned)
            code = _unavailable(error, assigned)
            if not code or not others:
                raise
            return self._fall_back(request, assigned, code, error)

    def _fall_back(self, request: Mapping[str, Any], assigned: str, code: str, first: Exception) -> Answer:
        for variant in self.experiment.others(assigned):
            try:
                return Answer(self._send(request, assigned, variant, code), assigned, variant, code)
            except Exception as error:
                if not _unavailable(error, variant):
                    raise
        raise first

    def _send(self, request: Mapping[str, Any], assigned: str, variant: str, fallback: str = "") -> Mapping[str, Any]:
        facts = {"experiment": self.experiment.name, "assigned": assigned}
        facts["share"] = f"{self.experiment.share(CHALLENGER):.6g}"
        if fallback:
            facts["fallback"] = fallback
        attributes = ";".join(f"{name}={value}" for name, value in facts.items())
        answer: Mapping[str, Any] = self._runtime.invoke_endpoint(
            EndpointName=self._endpoint, TargetVariant=variant, CustomAttributes=attributes, **request
        )
        return answer


def _edges(weights: Mapping[str, float], total: float) -> tuple[tuple[float, str], ...]:
    """Upper edge of each interval with its variant; the last one is above every position."""
    taking_part = sorted(name for name, weight in weights.items() if weight > 0)
    edges, reached = [], 0.0
    for name in taking_part:
        reached += weights[name]
        edges.append((reached / total, name))
    edges[-1] = (2.0, edges[-1][1])
    return tuple(edges)


def _unavailable(error: Exception, variant: str) -> str:
    """The error's code, if it says that the variant is unavailable."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return ""
    described = response.get("Error", {})
    code, text = str(described.get("Code", "")), str(described.get("Message", ""))
    if code == "ModelError":
        status = int(response.get("OriginalStatusCode") or _FIRST_SERVER_ERROR)
        return code if status >= _FIRST_SERVER_ERROR else ""
    if code == "ValidationError" and variant not in text:
        return ""
    return code if code in UNAVAILABLE else ""
