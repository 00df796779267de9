"""Bayesian search: a tree-structured Parzen estimator (optuna) after a space-filling start."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.tuning.ranges import CategoricalRange, Coordinate, NumericRange, SearchSpace
from local_aws.tuning.strategies import Observation, draw_unlike


def load_model() -> Any:
    """Import optuna; it takes a second, so the first trials of a search run meanwhile."""
    import optuna  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


@dataclass(frozen=True)
class BayesianSearch:
    """Model which regions did well, and propose where the expected improvement is highest.

    SageMaker uses a Gaussian process; the local AWS simulates it with optuna's multivariate TPE. Running trials enter
    as constant liars, so that parallel proposals keep apart. Each proposal builds its own study from what is known:
    nothing but the arguments decides it.

    Attributes:
        startup: Number of observations before the model takes over; until then a Latin hypercube fills the space.
    """

    space: SearchSpace
    seed: int
    maximize: bool
    startup: int

    def propose(self, number: int, known: Sequence[Observation]) -> dict[str, str]:
        """Return the hyperparameters of trial `number`."""
        values = self._start(number) if self._is_starting(known) else self._model(number, known)
        if self.space.locate(values) in [observation.coordinates for observation in known]:
            return draw_unlike(self.space, random.Random(f"{self.seed}/{number}"), known)
        return values

    def _is_starting(self, known: Sequence[Observation]) -> bool:
        return sum(observation.value is not None for observation in known) < max(self.startup, 1)

    def _start(self, number: int) -> dict[str, str]:
        size = max(self.startup, 1)
        block, row = divmod(number - 1, size)
        units = {}
        for r in self.space.ranges:
            source = random.Random(f"{self.seed}/{block}/{r.name}")
            order = source.sample(range(size), size)
            units[r.name] = (order[row] + source.random()) / size
        return self.space.at(units)

    def _model(self, number: int, known: Sequence[Observation]) -> dict[str, str]:
        optuna = load_model()
        distributions = self._distributions(optuna)
        sampler = optuna.samplers.TPESampler(
            seed=random.Random(f"{self.seed}/{number}").getrandbits(32),
            n_startup_trials=0,
            multivariate=True,
            constant_liar=True,
        )
        study = optuna.create_study(direction="maximize" if self.maximize else "minimize", sampler=sampler)
        for observation in known:
            state = optuna.trial.TrialState.COMPLETE
            if observation.value is None:
                state = optuna.trial.TrialState.RUNNING if observation.is_running else optuna.trial.TrialState.FAIL
            study.add_trial(
                optuna.trial.create_trial(
                    params=dict(observation.coordinates),
                    distributions=distributions,
                    value=observation.value,
                    state=state,
                )
            )
        return self._values(study.ask(distributions).params)

    def _distributions(self, optuna: Any) -> dict[str, Any]:
        distributions = optuna.distributions
        return {
            r.name: distributions.FloatDistribution(0.0, 1.0)
            if isinstance(r, NumericRange)
            else distributions.CategoricalDistribution(r.values)
            for r in self.space.ranges
        }

    def _values(self, coordinates: dict[str, Coordinate]) -> dict[str, str]:
        return {
            r.name: str(coordinates[r.name]) if isinstance(r, CategoricalRange) else r.at(float(coordinates[r.name]))
            for r in self.space.ranges
        }
