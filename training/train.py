"""Train the model: the training job's script, for tuning trials and for the final fit alike.

Two modes. *Fit* trains on the channel `train` and stops early on `validation`. *Refit*, chosen by the channel `tuned`
(a tuning trial's model.tar.gz), trains on both together, with the hyperparameters and the number of rounds that the
trial found; hyperparameters given to the job itself win over the trial's.

The log holds XGBoost's own lines, `[round]<TAB>train-auc:…<TAB>validation-auc:…`. SageMaker keeps the last value that
its metric expression finds, so a fit repeats the line of its best round at the end: the tuner compares trials by the
model they save, not by the rounds after it.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training import channels, distributed, hyperparameters, model, report
from training.channels import Examples, Share
from training.checkpoints import CheckpointFolder, fingerprint
from training.distributed import Group
from training.errors import TrainingError
from training.hyperparameters import Hyperparameters
from training.serving_code import copy_serving_code
from training.settings import Settings, failure_path
from usecase.feature_spec import FeatureSpec


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the job; a problem ends in one paragraph on standard error and in the failure file, and exit code 1."""
    argv = sys.argv[1:] if argv is None else argv
    environ = os.environ if environ is None else environ
    try:
        run(Settings.parse(argv, environ))
    except TrainingError as error:
        _report_failure(str(error), failure_path(environ))
        return 1
    return 0


def run(settings: Settings) -> None:
    """Load, fit and save, as one instance of the job's group."""
    with distributed.joined(settings.hosts, settings.current_host, settings.tracker_port) as group:
        _train(settings, group)


def _train(settings: Settings, group: Group) -> None:
    started = time.perf_counter()
    spec = channels.load_specification(settings.channels["specification"])
    tuned = channels.load_tuned_report(settings.channels["tuned"]) if settings.is_refit else None
    plan = refit_plan(tuned, settings.explicit) if tuned else settings.hyperparameters
    examples = _load(settings, spec, group)
    data = model.Data.build(
        examples["train"],
        examples.get("validation"),
        max_bin=int(plan.booster.get("max_bin", 256)),
        threads=settings.threads,
    )
    loaded = time.perf_counter()
    rows = {name: part.rows for name, part in examples.items()}
    del examples
    checkpoints = CheckpointFolder(settings.checkpoint_dir, _identity(settings, plan))
    fit = model.fit(data, plan, checkpoints, threads=settings.threads, group=group, log=_log)
    if not group.is_leader:
        return
    validation = tuned["metrics"]["validation"] if tuned else report.scores_of("validation", fit.best_scores)
    _save(settings, spec, fit.booster)
    document = report.describe(
        fit,
        plan,
        mode="refit" if tuned else "fit",
        rows=rows,
        instances=group.size,
        seconds={"load": loaded - started, "fit": fit.seconds, "total": time.perf_counter() - started},
        validation=validation,
    )
    report.write(document, settings.model_dir)
    _log(model.score_line(str(fit.best_iteration), fit.best_scores))


def refit_plan(tuned: Mapping[str, Any], explicit: Mapping[str, str]) -> Hyperparameters:
    """The trial's hyperparameters for exactly its best number of rounds, with the job's own values on top."""
    values = {**tuned["hyperparameters"], **explicit}
    rounds = int(explicit.get("num_round", int(tuned["best_iteration"]) + 1))
    return hyperparameters.parse(values).for_rounds(rounds)


def _load(settings: Settings, spec: FeatureSpec, group: Group) -> dict[str, Examples]:
    share = Share(group.rank, group.size) if settings.replicated else Share()
    folders = {name: settings.channels[name] for name in ("train", "validation")}
    if settings.is_refit:
        return {"train": channels.load_examples("train", list(folders.values()), spec, share)}
    return {name: channels.load_examples(name, [folder], spec, share) for name, folder in folders.items()}


def _identity(settings: Settings, plan: Hyperparameters) -> str:
    """What makes a checkpoint this fit's own; empty where nothing is kept, for hashing the data takes time."""
    if settings.checkpoint_dir is None:
        return ""
    names = ("train", "validation")
    files = [file for name in names for file in channels.parquet_files(name, settings.channels[name])]
    specification = settings.channels["specification"] / channels.SPECIFICATION_NAME
    data = channels.fingerprint_files([*files, specification])
    return fingerprint([plan.to_dict(), data, settings.is_refit, list(settings.hosts)])


def _save(settings: Settings, spec: FeatureSpec, booster: Any) -> None:
    model.save(booster, settings.model_dir)
    spec.save(settings.model_dir / channels.SPECIFICATION_NAME)
    copy_serving_code(Path(__file__).resolve().parents[1], settings.model_dir)


def _report_failure(reason: str, path: Path) -> None:
    print(f"training failed: {reason}", file=sys.stderr)  # noqa: T201 - the job's log
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reason, encoding="utf-8")
    except OSError as error:
        print(f"the failure file {path} could not be written: {error}", file=sys.stderr)  # noqa: T201


def _log(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - SageMaker reads scores from the log


if __name__ == "__main__":
    raise SystemExit(main())
