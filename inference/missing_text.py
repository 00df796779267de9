"""The texts that mean a missing value in CSV."""

from typing import Final

MISSING_TEXTS: Final = frozenset({"", "NA", "NaN", "nan", "null", "None"})
