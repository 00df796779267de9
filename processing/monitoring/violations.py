"""Violations as Model Monitor writes them; a monitor's constraint_violations.json holds nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

MISSING_COLUMN, EXTRA_COLUMN = "missing_column_check", "extra_column_check"
DATA_TYPE, COMPLETENESS = "data_type_check", "completeness_check"
DRIFT, CATEGORIES = "baseline_drift_check", "categorical_values_check"
# Not of Model Monitor: a number that became negative, and features that no longer go together.
NON_NEGATIVE, RELATION = "non_negative_check", "relation_check"


def violation(feature_name: str, check_type: str, description: str) -> dict[str, Any]:
    """One violation."""
    return {"feature_name": feature_name, "constraint_check_type": check_type, "description": description}


def violations_document(violations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The content of constraint_violations.json."""
    return {"violations": [dict(found) for found in violations]}
