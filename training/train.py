"""Train the model: the training job's script, for tuning trials and for the final fit alike.

Two modes. *Fit* trains on the channel `train` and stops early on `validation`. *Refit*, chosen by the channel `tuned`
(a tuning trial's model.tar.gz), trains on both together, with the hyperparameters and the number of rounds that the
trial found; hyperparameters given to the job itself win over the trial's. `num_seeds` fits are averaged into one model.

The log holds XGBoost's own lines, `[round]<TAB>train-auc:…<TAB>validation-auc:…`. SageMaker keeps the last value that
its metric expression finds, so a fit repeats the line of its best round at the end: the tuner compares trials by the
model they save, not by the rounds after it.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training import channels, distributed, hyperparameters, model, report
from training.channels import Examples, Share
from training.checkpoints import CheckpointFolder, fingerprint
from training.distributed import Group
from training.ensemble import average
from training.errors import HyperparameterError, TrainingError
from training.hyperparameters import Hyperparameters
from training.model import Data, Fit
from training.parity_rows import pick_rows, save_rows
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
    examples = _load(settings, spec, group)
    rows = {name: group.total(part.rows) for name, part in examples.items()}
    plan = fit_plan(settings.explicit) if tuned is None else refit_plan(tuned, settings.explicit, rows["train"])
    parity_rows = pick_rows(examples["train"])
    data = Data.build(
        examples.pop("train"),
        examples.pop("validation", None),
        max_bin=int(plan.booster.get("max_bin", 256)),
        threads=settings.threads,
    )
    loaded = time.perf_counter()
    fit = _fit_members(settings, data, plan, group)
    if not group.is_leader:
        return
    document = report.describe(
        fit,
        plan,
        mode="refit" if tuned else "fit",
        rows=rows,
        instances=group.size,
        seconds={"load": loaded - started, "fit": fit.seconds, "total": time.perf_counter() - started},
        validation=tuned["metrics"]["validation"] if tuned else report.scores_of("validation", fit.best_scores),
    )
    _save(settings, spec, fit.booster)
    save_rows(parity_rows, fit.booster, settings.model_dir)
    report.write(document, settings.model_dir)
    _log(model.score_line(str(fit.best_iteration), fit.best_scores))


def fit_plan(explicit: Mapping[str, str]) -> Hyperparameters:
    """The job's hyperparameters, for a fit with early stopping."""
    plan = hyperparameters.parse(explicit)
    if plan.num_seeds > 1:
        raise HyperparameterError(
            f"hyperparameter 'num_seeds' is {plan.num_seeds}; without the channel 'tuned' only 1 is allowed, for each "
            "seed would stop at a round of its own"
        )
    return plan


def refit_plan(tuned: Mapping[str, Any], explicit: Mapping[str, str], rows: int) -> Hyperparameters:
    """The trial's hyperparameters and rounds, with the job's own values on top.

    Rounds grow with the rows: trees that fit more rows each explain less of them. Measured on earlier months (trial on
    January to June, refit to August, tested on September): 1.25 times the rounds beat the trial's own number.
    """
    growth = max(1.0, rows / tuned["rows"]["train"])
    rounds = int(explicit.get("num_round", round((int(tuned["best_iteration"]) + 1) * growth)))
    return hyperparameters.parse({**tuned["hyperparameters"], **explicit}).for_rounds(rounds)


def _load(settings: Settings, spec: FeatureSpec, group: Group) -> dict[str, Examples]:
    share = Share(group.rank, group.size) if settings.replicated else Share()
    folders = {name: settings.channels[name] for name in ("train", "validation")}
    if settings.is_refit:
        return {"train": channels.load_examples("train", list(folders.values()), spec, share)}
    return {name: channels.load_examples(name, [folder], spec, share) for name, folder in folders.items()}


def _fit_members(settings: Settings, data: Data, plan: Hyperparameters, group: Group) -> Fit:
    """Fit every seed in turn, each with checkpoints of its own, and average them into one model."""
    identity = _identity(settings, plan)
    fits = []
    for member in plan.members():
        if plan.num_seeds > 1 and group.is_leader:
            _log(f"seed {member.seed}")
        checkpoints = CheckpointFolder(settings.checkpoint_dir, f"{identity}-{member.seed}")
        fits.append(model.fit(data, member, checkpoints, threads=settings.threads, group=group, log=_log))
    return replace(fits[0], booster=average([fit.booster for fit in fits]), seconds=sum(fit.seconds for fit in fits))


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
