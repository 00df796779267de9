"""Synthetic days of a calibrated model: some are stormy, all of them are late more or less than predicted."""

import numpy as np
import pandas as pd

from processing.monitoring.labels import Labelled

DAY = 86_400.0


def labelled_days(days, rows, seed, *, shift=0.4):
    """Days whose log-odds are off by a normal shift: what weather does to a model without the forecast."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-2.0, 1.2, (days, rows)) + rng.normal(0, 0.5, (days, 1))
    truth = logits + rng.normal(0, shift, (days, 1))
    origins = rng.choice(["EWR", "JFK", "LGA"], (days, rows))
    carriers = rng.choice(["AA", "UA", "B6", "HA"], (days, rows), p=[0.4, 0.3, 0.295, 0.005])
    moments = (15_000 + np.arange(days))[:, None] * DAY + np.sort(rng.uniform(0, DAY, (days, rows)), axis=1)
    return Labelled(
        ids=np.arange(days * rows).astype(object),
        moments=moments.ravel(),
        probabilities=(1 / (1 + np.exp(-logits))).ravel(),
        labels=(rng.random((days, rows)) < 1 / (1 + np.exp(-truth))).astype(np.int8).ravel(),
        slices=pd.DataFrame({"origin": origins.ravel(), "carrier": carriers.ravel()}, dtype=object),
    )


def taken(labelled, rows, **changed):
    """Some rows, with other labels or probabilities if given."""
    return Labelled(
        ids=labelled.ids[rows],
        moments=labelled.moments[rows],
        probabilities=changed.get("probabilities", labelled.probabilities[rows]),
        labels=np.asarray(changed.get("labels", labelled.labels[rows]), dtype=np.int8),
        slices=labelled.slices[rows].reset_index(drop=True),
    )


def each(labelled):
    """The days one by one."""
    days = np.floor(labelled.moments / DAY)
    return [taken(labelled, days == day) for day in np.unique(days)]
