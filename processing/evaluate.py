"""The evaluate job: judge the refitted model on the test months and write what the gate and the report read.

Reads the prepared splits, the candidate (refitted) and the tuned model's archives and the champion's prefix; writes
`evaluation/`: evaluation.json (the quality gate's property file), model_card.json, curves.json, plots/*.svg and the
monitors' baselines (processing.monitoring.baselines).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from processing import attributions, bootstrap, slices
from processing.evaluation import Costs, Options, Scored, TestRows, evaluate
from processing.evaluation_files import (
    EvaluationInputError,
    curves_document,
    read_split,
    write_json,
    write_plots,
)
from processing.failure import MESSAGE_FILE, report_failure
from processing.metrics import Labels
from processing.model_archive import Model, ModelArchiveError, find_champion, open_model
from processing.model_card import build_model_card
from processing.monitoring.baselines import Span, write_baselines
from usecase.feature_spec import FeatureSpec, FeatureSpecError

DAY_COLUMN = "flight_date"
_INPUT = Path("/opt/ml/processing/input")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the job is told."""

    test_dir: Path
    validation_dir: Path
    train_dir: Path | None
    model_dir: Path
    tuned_dir: Path
    champion_dir: Path | None
    specification_dir: Path
    output_dir: Path
    cost_false_positive: float
    cost_false_negative: float
    bootstrap_resamples: int
    min_slice_rows: int
    attribution_rows: int
    seed: int
    image: str
    champion_version: str
    message_file: Path

    @property
    def options(self) -> Options:
        """How the evaluation is made."""
        return Options(
            Costs(self.cost_false_positive, self.cost_false_negative),
            self.bootstrap_resamples,
            self.min_slice_rows,
            self.seed,
        )


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the job; return its exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    settings = parse_settings(argv, environ)
    try:
        run(settings)
    except (EvaluationInputError, ModelArchiveError, FeatureSpecError, OSError) as error:
        return report_failure("evaluate", error, settings.message_file)
    return 0


def parse_settings(argv: Sequence[str] | None, environ: Mapping[str, str]) -> Settings:
    """Read flags; the training image's URI and the champion's version may come from the environment."""
    parser = argparse.ArgumentParser(prog="evaluate", description="Judge the candidate on the test months.")
    for name in ("test", "validation", "model", "tuned", "specification"):
        parser.add_argument(f"--{name}-dir", type=Path, default=_INPUT / name)
    parser.add_argument("--train-dir", type=Path, help="adds the training months to what the base rate knows")
    parser.add_argument("--champion-dir", type=Path, help="may be absent or hold only a marker: no champion yet")
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output"))
    parser.add_argument("--cost-false-positive", type=_positive, default=Costs.false_positive)
    parser.add_argument("--cost-false-negative", type=_positive, default=Costs.false_negative)
    parser.add_argument("--bootstrap-resamples", type=int, default=bootstrap.DEFAULT_RESAMPLES)
    parser.add_argument("--min-slice-rows", type=int, default=slices.DEFAULT_MIN_ROWS)
    parser.add_argument("--attribution-rows", type=int, default=attributions.DEFAULT_ROWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--image", default=environ.get("TRAINING_IMAGE", ""), help="for the model card")
    parser.add_argument("--champion-version", default=environ.get("CHAMPION_VERSION", ""), help="to name it")
    parser.add_argument("--message-file", type=Path, default=MESSAGE_FILE, help="where the reason of a failure goes")
    return Settings(**vars(parser.parse_args(argv)))


def run(settings: Settings) -> None:
    """Load, score, judge, write."""
    started = time.perf_counter()
    spec = FeatureSpec.load(settings.specification_dir / "feature_spec.json")
    models = _open_models(settings)
    test = read_split("test", settings.test_dir, spec, needed=(DAY_COLUMN, *spec.slices))
    validation = read_split("validation", settings.validation_dir, spec, needed=(DAY_COLUMN, *spec.slices))
    _LOG.info("loaded %d test rows, models %s, %.1f s", len(test), ", ".join(models), time.perf_counter() - started)
    scored = _score(models, test, spec)
    validated = _score({"tuned": models["tuned"]}, validation, spec)
    attributed = attributions.attribute(models["candidate"], test, max_rows=settings.attribution_rows)
    _LOG.info("scored and attributed, %.1f s", time.perf_counter() - started)
    rows = TestRows(test, spec.slices, test[DAY_COLUMN].to_numpy(), _known_rate(settings, spec, validation))
    document = evaluate(scored, validated, rows, attributed, settings.options)
    document["comparisons"]["champion"]["version"] = settings.champion_version if "champion" in models else ""
    _write(settings, document, scored, models)
    # The monitors' limits: days that the scoring model had not learned from.
    spans = [
        Span(validation, validated.labels, validated.scores["tuned"], DAY_COLUMN),
        Span(test, scored.labels, scored.scores["candidate"], DAY_COLUMN),
    ]
    write_baselines(settings.output_dir / "evaluation", models["candidate"], spans, document["threshold"]["value"])
    _LOG.info("wrote the monitors' baselines, %.1f s", time.perf_counter() - started)
    _report(document, time.perf_counter() - started)


def _open_models(settings: Settings) -> dict[str, Model]:
    models = {
        "candidate": open_model(settings.model_dir, "candidate"),
        "tuned": open_model(settings.tuned_dir, "tuned"),
    }
    champion = find_champion(settings.champion_dir)
    return models if champion is None else {**models, "champion": open_model(champion, "champion")}


def _score(models: Mapping[str, Model], frame: pd.DataFrame, spec: FeatureSpec) -> Scored:
    return Scored(_labels(frame, spec), {name: model.predict(frame) for name, model in models.items()})


def _labels(frame: pd.DataFrame, spec: FeatureSpec) -> Labels:
    return frame[spec.label].to_numpy(dtype=np.int8)


def _known_rate(settings: Settings, spec: FeatureSpec, validation: pd.DataFrame) -> float:
    """Share of late flights before the test months."""
    labels = [_labels(validation, spec)]
    if settings.train_dir is not None:
        labels.append(_labels(read_split("train", settings.train_dir, spec, columns=(spec.label,)), spec))
    return float(np.concatenate(labels).mean())


def _write(settings: Settings, document: dict[str, Any], scored: Scored, models: Mapping[str, Model]) -> None:
    folder = settings.output_dir / "evaluation"
    history = models["tuned"].report
    curves = curves_document(document, scored, history)
    card = build_model_card(
        models["candidate"],
        document,
        image=settings.image,
        datasets=[f"test months of data version {models['candidate'].spec.data_version}"],
    )
    write_plots(folder / "plots", document, scored, history)
    write_json(folder / "curves.json", curves)
    write_json(folder / "model_card.json", card)
    write_json(folder / "evaluation.json", document)


def _report(document: Mapping[str, Any], seconds: float) -> None:
    test, tuned = document["metrics"]["test"], document["comparisons"]["tuned"]["log_loss_difference"]
    _LOG.info(
        "test: AUC %.4f (standard error %.4f), log loss %.4f, base rate %.4f",
        test["auc"],
        test["auc_standard_error"],
        test["log_loss"],
        test["base_rate"],
    )
    _LOG.info(
        "log loss minus the tuned model's: %+.5f (%+.5f to %+.5f)", *(tuned[k] for k in ("value", "lower", "upper"))
    )
    _LOG.info("gate: %s; %.1f s", document["gate"], seconds)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not allowed; expected a number above 0")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
