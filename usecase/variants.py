"""Variants of the model for demonstrations: what a first model knew, and how a feature may be broken.

A first model of a team knows what needs no live data. The planted fault is a classic of training/serving skew: in the
training data a delay counts minutes early, in the requests minutes late.
"""

from collections.abc import Iterable
from dataclasses import replace

from usecase import catalogue
from usecase.feature_spec import FeatureSpec

FIRST_MONTHS = range(1, 7)
"""Months that the first model was trained on."""


def basic_specification(spec: FeatureSpec) -> FeatureSpec:
    """Return the specification of a model that knows schedule, weather and aircraft only.

    The other features are declared as metadata: requests carry them for the models that know them.
    """
    known = {declaration.name for declaration in catalogue.CATALOGUE if declaration.known_at in catalogue.STATIC}
    unknown = tuple(feature.name for feature in spec.features if feature.name not in known)
    features = tuple(feature for feature in spec.features if feature.name in known)
    return replace(spec, features=features, metadata=(*spec.metadata, *unknown))


def live_features(spec: FeatureSpec) -> Iterable[str]:
    """Return the features that come from other flights' delays: those that a turned sign breaks."""
    return [feature.name for feature in spec.features if feature.known_at in catalogue.LIVE]
