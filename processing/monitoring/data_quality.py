"""The data-quality monitor: a window's rows against the baseline of the model version that served them.

Checks and their names are Model Monitor's: missing and extra columns, completeness, data types, categories, drift.
Relations between features are this project's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from processing.metrics import Floats
from processing.monitoring.captured import Batch
from processing.monitoring.constraints import Constraints, FeatureConstraints
from processing.monitoring.distance import (
    Distribution,
    categorical_distance,
    chi_squared_p_value,
    numerical_distance,
)
from processing.monitoring.profile import ColumnProfile
from processing.monitoring.row_sample import RowSample
from processing.monitoring.settings import MonitorInputError
from processing.monitoring.violations import (
    CATEGORIES,
    COMPLETENESS,
    DATA_TYPE,
    DRIFT,
    EXTRA_COLUMN,
    MISSING_COLUMN,
    NON_NEGATIVE,
    RELATION,
    violation,
)
from usecase.feature_spec import FeatureSpec
from usecase.request_features import RAW_NAMES

_MOST_EXTRA_COLUMNS = 1_000
_SHOWN = 5

Json = dict[str, Any]


@dataclass(frozen=True)
class DataQualityReport:
    """What the monitor found.

    Attributes:
        statistics: The window's statistics.json.
        violations: The entries of its constraint_violations.json.
        worst_drift: The largest distance in units of its threshold: above 1 is a violation.
        records: Rows.
    """

    statistics: Json
    violations: list[Json]
    worst_drift: float
    records: int


class DataQuality:
    """Sees a window batch by batch; then judges it.

    Raises:
        MonitorInputError: The baseline cannot be used.
    """

    def __init__(self, statistics: Mapping[str, Any], constraints: Mapping[str, Any], spec: FeatureSpec) -> None:
        self._constraints = Constraints.from_dict(constraints)
        self._baseline = _baseline_features(statistics)
        self._columns = {feature.name: ColumnProfile() for feature in self._constraints.features}
        self._sent: set[str] = set()
        self._extra: dict[str, None] = {}
        # What the server takes beside the features: not read by the model, so no extra column.
        self._known = {*spec.metadata, *spec.slices, spec.label, *RAW_NAMES}
        relations = [feature.relation for feature in self._constraints.features if feature.relation is not None]
        self._sample = RowSample(sorted({unit.name for r in relations for unit in (r.target, *r.predictors)}))
        self._records = 0

    def add(self, batch: Batch) -> None:
        """See a batch."""
        frame = batch.frame
        self._records += len(frame)
        self._sample.add(frame)
        for name, profile in self._columns.items():
            if name in frame.columns:
                self._sent.add(name)
                profile.add(frame[name])
            else:
                profile.add_missing(len(frame))
        for name in frame.columns:
            if name not in self._columns and name not in self._known and len(self._extra) < _MOST_EXTRA_COLUMNS:
                self._extra[str(name)] = None

    def finish(self) -> DataQualityReport:
        """Judge what was seen."""
        statistics = {
            "version": 0,
            "dataset": {"item_count": self._records},
            "features": [profile.to_dict(name) for name, profile in self._columns.items()],
        }
        drift = {feature.name: self._drift(feature) for feature in self._constraints.features}
        violations = [*self._column_violations()]
        rows = self._sample.columns()
        for feature in self._constraints.features:
            if feature.name in self._sent:
                violations.extend(self._feature_violations(feature))
                violations.extend(_drift_violations(feature, drift[feature.name]))
                violations.extend(_relation_violations(feature, rows))
        worst = max((found.in_thresholds for found in drift.values() if found is not None), default=0.0)
        return DataQualityReport(statistics, violations if self._records else [], worst, self._records)

    def _column_violations(self) -> Iterator[Json]:
        if not self._constraints.checks.evaluate_constraints:
            return
        watched = [feature.name for feature in self._constraints.features if feature.checks.evaluate_constraints]
        missing = [name for name in watched if name not in self._sent]
        expected = len(self._columns)
        for name in missing:
            yield violation(
                name,
                MISSING_COLUMN,
                f"The column is missing in the current dataset. Number of columns in the baseline constraints: "
                f"{expected}, of these in the current dataset: {expected - len(missing)}",
            )
        for name in self._extra:
            yield violation(
                name,
                EXTRA_COLUMN,
                f"The baseline does not know this column. Number of columns in the baseline constraints: {expected}, "
                f"of other columns in the current dataset: {len(self._extra)}",
            )

    def _feature_violations(self, feature: FeatureConstraints) -> Iterator[Json]:
        checks, profile = feature.checks, self._columns[feature.name]
        if not checks.evaluate_constraints or not profile.total:
            return
        completeness = profile.present / profile.total
        least = feature.completeness
        if least is not None and checks.is_too_low(completeness, least, profile.total):
            yield violation(
                feature.name,
                COMPLETENESS,
                f"Completeness {completeness:.4g} is below the constraint {least:.4g}: "
                f"{profile.missing} of {profile.total} values are missing",
            )
        share = profile.share_of_type(feature.inferred_type)
        if share < checks.datatype_threshold:
            yield violation(
                feature.name,
                DATA_TYPE,
                f"Data type match requirement is not met. Expected data type: {feature.inferred_type}, Expected match: "
                f"{checks.datatype_threshold:.2%}. Observed: Only {share:.2%} of data is {feature.inferred_type}.",
            )
        if feature.is_non_negative and profile.minimum < 0:
            yield violation(feature.name, NON_NEGATIVE, f"The smallest value is {profile.minimum:g}, expected none < 0")
        yield from self._unknown_categories(feature)

    def _unknown_categories(self, feature: FeatureConstraints) -> Iterator[Json]:
        profile = self._columns[feature.name]
        if feature.domains is None or not profile.texts:
            return
        known = sum(count for value, count in profile.categories.items() if value in feature.domains)
        share = known / profile.texts
        if feature.checks.is_too_low(share, feature.checks.domain_threshold, profile.texts):
            unknown = [value for value, _ in profile.categories.most_common() if value not in feature.domains]
            more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
            yield violation(
                feature.name,
                CATEGORIES,
                f"Categories that the baseline does not know: {', '.join(map(repr, unknown[:_SHOWN]))}{more}. "
                f"{share:.2%} of the values are known, expected at least {feature.checks.domain_threshold:.2%}",
            )

    def _drift(self, feature: FeatureConstraints) -> _Drift | None:
        checks, profile = feature.checks, self._columns[feature.name]
        baseline = self._baseline.get(feature.name)
        if not checks.compares or baseline is None or not profile.present:
            return None
        if isinstance(baseline, Distribution):
            distance = numerical_distance(baseline, profile.distribution(), checks.comparison_method)
            return _Drift(distance, checks.comparison_threshold)
        if checks.categorical_method == "ChiSquared":
            return _Drift.of_p_value(chi_squared_p_value(baseline, profile.categories), checks.categorical_threshold)
        distance = categorical_distance(baseline, profile.categories, checks.comparison_method)
        return _Drift(distance, checks.categorical_threshold)


@dataclass(frozen=True)
class _Drift:
    """A distance and the threshold above which it is too large."""

    distance: float
    threshold: float

    @classmethod
    def of_p_value(cls, value: float, threshold: float) -> _Drift | None:
        """A p-value is too small below its threshold; 1 - p makes it a distance. None: too few values for the test."""
        return None if value != value else cls(1 - value, 1 - threshold)  # noqa: PLR0124 - NaN

    @property
    def in_thresholds(self) -> float:
        return self.distance / self.threshold if self.threshold > 0 else float(self.distance > 0)


def _drift_violations(feature: FeatureConstraints, drift: _Drift | None) -> Sequence[Json]:
    if drift is None or drift.distance <= drift.threshold:
        return []
    text = f"Baseline drift distance: {drift.distance:.4g} exceeds threshold: {drift.threshold:.4g}"
    return [violation(feature.name, DRIFT, text)]


def _relation_violations(feature: FeatureConstraints, rows: Mapping[str, Floats]) -> Sequence[Json]:
    if feature.relation is None or not feature.checks.evaluate_constraints:
        return []
    problem = feature.relation.problem(rows)
    return [violation(feature.name, RELATION, problem)] if problem else []


def _baseline_features(statistics: Mapping[str, Any]) -> dict[str, Distribution | dict[str, float]]:
    """Each feature's distribution, or the counts of its categories."""
    features = statistics.get("features")
    if not isinstance(features, list):
        raise MonitorInputError(
            f"statistics.json: 'features' is {features!r}; expected Model Monitor's list of features"
        )
    found: dict[str, Distribution | dict[str, float]] = {}
    for place, entry in enumerate(features):
        try:
            distribution = _distribution(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MonitorInputError(
                f"statistics.json: features[{place}]: not Model Monitor's form ({error!r})"
            ) from error
        if distribution is not None:
            found[entry["name"]] = distribution
    return found


def _distribution(entry: Mapping[str, Any]) -> Distribution | dict[str, float] | None:
    described = entry.get("numerical_statistics") or entry.get("string_statistics") or {}
    distribution = described.get("distribution") or {}
    if "categorical" in distribution:
        return {str(bucket["value"]): float(bucket["count"]) for bucket in distribution["categorical"]["buckets"]}
    return Distribution.of_document(distribution) if "kll" in distribution else None
