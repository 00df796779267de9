"""Variants of the model for demonstrations: what a first model knew, and how a feature may be broken.

A first model of a team knows what needs no live data. The planted fault is a classic of training/serving skew: in the
training data the numbers stand one column further than their names, in the requests they do not.
"""

from dataclasses import replace

import pandas as pd

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


def shifted_columns(frame: pd.DataFrame, spec: FeatureSpec) -> pd.DataFrame:
    """Return rows whose numeric features stand one column further than their names, the last one first.

    Features that may be missing and those that may not shift among themselves: the schema notices nothing.
    """
    shifted: dict[str, pd.Series] = {}
    for nullable in (True, False):
        group = [item.name for item in spec.features if item.kind == "numeric" and item.nullable == nullable]
        shifted |= {name: frame[group[place - 1]] for place, name in enumerate(group)}
    return frame.assign(**shifted)
