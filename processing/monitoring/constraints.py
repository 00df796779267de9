"""Read Model Monitor's constraints.json: what a window's data must keep to.

A feature's `monitoringConfigOverrides` has the shape of `monitoring_config` and wins over it, key by key. Ours hold
two keys more: `completeness_threshold` takes the place of the feature's `completeness` for windows of one day, and
`share_standard_errors` says with how much indulgence shares (of present values, of known categories) are judged in
windows of few rows. The feature's `relation` is ours, too. A file without any of this, or with keys that nobody here
knows, is as good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processing.monitoring.relations import Relation
from processing.monitoring.settings import MonitorInputError

_DISTRIBUTION = "distribution_constraints"
# As the documentation spells it, and as the SDK's Constraints.set_monitoring does.
_OVERRIDES = ("monitoringConfigOverrides", "monitoring_config_overrides")
TYPES = ("Integral", "Fractional", "String", "Unknown")
METHODS = ("Robust", "Simple")
CATEGORICAL_METHODS = ("LInfinity", "ChiSquared")
_SWITCH = ("Enabled", "Disabled")


@dataclass(frozen=True)
class Checks:
    """How one feature is checked; Model Monitor's defaults."""

    evaluate_constraints: bool = True
    datatype_threshold: float = 1.0
    domain_threshold: float = 1.0
    compares: bool = True
    comparison_threshold: float = 0.1
    comparison_method: str = "Robust"
    categorical_threshold: float = 0.1
    categorical_method: str = "LInfinity"
    share_standard_errors: float = 0.0

    def is_too_low(self, share: float, threshold: float, rows: int) -> bool:
        """Whether a share of so many rows is below the threshold by more than chance explains."""
        variance = max(threshold * (1 - threshold), 0.0) / rows
        return share < threshold - self.share_standard_errors * math.sqrt(variance)


@dataclass(frozen=True)
class FeatureConstraints:
    """What one feature must keep to; None is not constrained."""

    name: str
    inferred_type: str
    completeness: float | None
    is_non_negative: bool
    domains: frozenset[str] | None
    checks: Checks
    relation: Relation | None


@dataclass(frozen=True)
class Constraints:
    """A constraints.json: the features in its order, and the checks of the data set as a whole."""

    features: tuple[FeatureConstraints, ...]
    checks: Checks

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], where: str = "constraints.json") -> Constraints:
        """Read the document.

        Raises:
            MonitorInputError: A key is missing or holds what it may not.
        """
        config = _mapping(document.get("monitoring_config"), f"{where}: monitoring_config")
        entries = document.get("features")
        if not isinstance(entries, list):
            raise MonitorInputError(f"{where}: 'features' is {entries!r}; expected Model Monitor's list of features")
        features = tuple(_feature(entry, config, f"{where}: features[{n}]") for n, entry in enumerate(entries))
        return cls(features, _checks(config, f"{where}: monitoring_config"))


def _feature(entry: Any, config: Mapping[str, Any], where: str) -> FeatureConstraints:
    entry = _mapping(entry, where)
    name = entry.get("name")
    if not isinstance(name, str):
        raise MonitorInputError(f"{where}: 'name' is {name!r}; expected the feature's name")
    where = f"{where} ({name})"
    overrides = {
        key: value
        for spelling in _OVERRIDES
        for key, value in _mapping(entry.get(spelling), f"{where}: {spelling}").items()
    }
    numbers = _mapping(entry.get("num_constraints"), f"{where}: num_constraints")
    domains = _mapping(entry.get("string_constraints"), f"{where}: string_constraints").get("domains")
    if domains is not None and not isinstance(domains, list):
        raise MonitorInputError(f"{where}: 'domains' is {domains!r}; expected a list of texts")
    completeness = overrides.get("completeness_threshold", entry.get("completeness"))
    relation = entry.get("relation")
    return FeatureConstraints(
        name=name,
        inferred_type=_one_of(entry.get("inferred_type", "Unknown"), TYPES, f"{where}: inferred_type"),
        completeness=None if completeness is None else _number(completeness, f"{where}: completeness"),
        is_non_negative=numbers.get("is_non_negative") is True,
        domains=None if domains is None else frozenset(map(str, domains)),
        checks=_checks(_merged(config, overrides), where),
        relation=None if relation is None else _relation(name, relation, f"{where}: relation"),
    )


def _checks(config: Mapping[str, Any], where: str) -> Checks:
    default, distribution = Checks(), _mapping(config.get(_DISTRIBUTION), f"{where}: {_DISTRIBUTION}")

    def number(source: Mapping[str, Any], key: str, otherwise: float) -> float:
        return _number(source.get(key, otherwise), f"{where}: {key}")

    def chosen(source: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
        return _one_of(source.get(key, allowed[0]), allowed, f"{where}: {key}")

    is_evaluated = chosen(config, "evaluate_constraints", _SWITCH) == "Enabled"
    return Checks(
        evaluate_constraints=is_evaluated,
        datatype_threshold=number(config, "datatype_check_threshold", default.datatype_threshold),
        domain_threshold=number(config, "domain_content_threshold", default.domain_threshold),
        compares=is_evaluated and chosen(distribution, "perform_comparison", _SWITCH) == "Enabled",
        comparison_threshold=number(distribution, "comparison_threshold", default.comparison_threshold),
        comparison_method=chosen(distribution, "comparison_method", METHODS),
        categorical_threshold=number(distribution, "categorical_comparison_threshold", default.categorical_threshold),
        categorical_method=chosen(distribution, "categorical_drift_method", CATEGORICAL_METHODS),
        share_standard_errors=number(config, "share_standard_errors", default.share_standard_errors),
    )


def _merged(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**config, **overrides}
    nested = [part[_DISTRIBUTION] for part in (config, overrides) if isinstance(part.get(_DISTRIBUTION), Mapping)]
    if nested:
        merged[_DISTRIBUTION] = {key: value for part in nested for key, value in part.items()}
    return merged


def _relation(name: str, document: Any, where: str) -> Relation:
    try:
        return Relation.from_dict(name, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MonitorInputError(f"{where}: not a relation that Prepare writes ({error!r}); prepare again") from error


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MonitorInputError(f"{where}: {value!r} is no JSON object")
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MonitorInputError(f"{where}: {value!r} is no number")
    return float(value)


def _one_of(value: Any, allowed: tuple[str, ...], where: str) -> str:
    found = next((name for name in allowed if str(value).casefold() == name.casefold()), None)
    if found is None:
        raise MonitorInputError(f"{where}: {value!r}; allowed are {', '.join(allowed)}")
    return found
